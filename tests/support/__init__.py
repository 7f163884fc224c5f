"""What tests share: small projects, commands, servers, inputs; the readers of iCalendar are in `readers`."""
