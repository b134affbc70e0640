"""Simulation: honest traffic fills the queues, years of consignments meet them, results are added up."""
