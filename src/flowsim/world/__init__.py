"""World: network, traffic and controls of a country in one year, as frozen, validated objects."""
