-- An alarm that stands and one that is over.
INSERT INTO alarm (name, subject, text, raised_at, ended_at) VALUES ('StockOut', 'NL', 'no number is left', 5000, NULL), ('ModemDown', '/dev/radio0', 'it does not answer', 4000, 4500);
