-- A delivery is known by its event, and listed with events that were not tried yet.
DROP INDEX webhook_delivery_by_endpoint;
CREATE INDEX webhook_delivery_by_endpoint ON webhook_delivery (endpoint_id, event_id);
