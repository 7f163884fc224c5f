"""Code that tests share: small projects, commands, servers, inputs. The readers of iCalendar are in `readers`."""
