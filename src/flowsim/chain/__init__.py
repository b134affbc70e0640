"""Chain: heroin on its way through countries in closed form, and what a kilogram stopped in one does to the next."""
