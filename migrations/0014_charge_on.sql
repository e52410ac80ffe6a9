-- What an order is charged for: any text of its service, or one with a code; NULL: a code where the service has patterns.
ALTER TABLE service ADD COLUMN charge_on TEXT CHECK (charge_on IN ('sms', 'code'));
