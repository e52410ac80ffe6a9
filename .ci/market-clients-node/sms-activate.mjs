// The client `sms-activate`, against `handler_api`.
import assert from 'node:assert/strict';
import SMSActivate from 'sms-activate';
import { play, send, until } from './stage.mjs';

await play(async (base, key) => {
  const client = new SMSActivate(key);
  client.session.defaults.baseURL = `${base}/stubs/handler_api.php`;
  // It cuts the cents off.
  assert.equal(await client.getBalance(), 100);
  const { id, number } = await client.getNumber('wa', 48);
  assert.equal(String(number).slice(0, 2), '31');
  assert.equal(await client.getBalance(), 99);
  assert.equal(await client.setStatus(id, 1), 'ACCESS_READY');
  assert.equal(await client.getStatus(id), 'STATUS_WAIT_CODE');
  await send(number, '123456');
  assert.equal(await until('the code', () => client.getCode(id)), '123456');
  assert.equal(await client.setStatus(id, 3), 'ACCESS_RETRY_GET');
  assert.equal(await client.getCode(id), null);
  await send(number, '654321');
  assert.equal(await until('another code', () => client.getCode(id)), '654321');
  assert.equal(await client.setStatus(id, 6), 'ACCESS_ACTIVATION');
  const again = await client.getNumber('wa', 48);
  assert.equal(await client.setStatus(again.id, 8), 'ACCESS_CANCEL');
  assert.equal(await client.getBalance(), 99);
  await assert.rejects(client.getNumber('wa', 43), { name: 'NoFreeNumbers' });
  client.token = 'wrong';
  await assert.rejects(client.getBalance(), { name: 'InvalidAPIKey' });
});
