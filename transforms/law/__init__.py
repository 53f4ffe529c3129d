"""Rules that change with the date (按日期适用的规则): pure functions; the date is passed in, no clock is asked."""
