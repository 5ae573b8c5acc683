"""How people and models write values: numbers, dates, truth, nothing; and what a schema expects where one stands."""
