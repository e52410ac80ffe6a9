-- A service that programs for other markets can order.
UPDATE service SET market_code = 'wa', fivesim_name = 'whatsapp' WHERE id = (SELECT min(id) FROM service);
