// The client `fivesim-api`, against 5sim's API.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { play, send, until } from './stage.mjs';

const require = createRequire(import.meta.url);
const { GuestService } = require('fivesim-api/dist/services/guest.service.js');
const { UserService } = require('fivesim-api/dist/services/user.service.js');

await play(async (base, key) => {
  GuestService.baseURL = `${base}/v1`;
  UserService.baseURL = `${base}/v1`;
  const user = new UserService(key);
  assert.equal((await user.getProfile()).balance, 100);
  const order = await user.buyActivationNumber('netherlands', 'best', 'whatsapp');
  assert.deepEqual([order.status, order.sms, order.operator], ['PENDING', [], 'virtual4']);
  assert.equal((await user.getProfile()).frozen_balance, 0.5);
  const codes = async () => (await user.checkOrder(order.id)).sms.map((sms) => sms.code);
  await send(order.phone, '123456');
  await until('the code', async () => (await codes()).length === 1);
  assert.equal((await user.checkOrder(order.id)).status, 'RECEIVED');
  await send(order.phone, '654321');
  await until('another code', async () => (await codes()).length === 2);
  assert.deepEqual(await codes(), ['123456', '654321']);
  assert.equal((await user.getSMSInbox(order.id)).Total, 2);
  assert.equal((await user.finishOrder(order.id)).status, 'FINISHED');
  const canceled = await user.buyActivationNumber('any', 'any', 'whatsapp', { maxPrice: 0.5 });
  assert.equal((await user.cancelOrder(canceled.id)).status, 'CANCELED');
  const profile = await user.getProfile();
  assert.deepEqual([profile.balance, profile.frozen_balance], [99.5, 0]);
  const prices = await GuestService.getPricesByCountryAndProduct('netherlands', 'whatsapp');
  assert.equal(prices.netherlands.whatsapp.virtual4.cost, 0.5);
  const hosting = await user.buyHostingNumber('netherlands', 'any', '1month');
  assert.equal(hosting.product, '1month');
  const isRefused = (error) => error.constructor.name === 'NoPhoneNumbersError';
  await assert.rejects(user.buyActivationNumber('germany', 'any', 'whatsapp'), isRefused);
});
