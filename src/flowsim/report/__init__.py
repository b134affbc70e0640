"""A self-contained web page from results: answer, decision table, map, evidence, limits and provenance."""
