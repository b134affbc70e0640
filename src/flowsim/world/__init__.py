"""World: a country's network, traffic and controls in one year, as frozen objects that validate themselves."""
