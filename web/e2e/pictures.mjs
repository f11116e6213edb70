// The pictures in the documentation, from the real demo:
//
//   npm run pictures -- PATH/TO/lockgate FOLDER
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

import { demo } from './lockgate.mjs';
import { plant } from './plant.mjs';
import { firstLogin } from './walk.mjs';

const [binary, folder] = process.argv.slice(2);
const HISTORY_MS = 180_000;
const SIZE = { width: 1280, height: 800 };
const TREND = ['Mixing.Line1.Mixer1.Temperature', 'Mixing.Line1.Mixer1.Level', 'Filling.Line1.Filler1.Pressure'].map((name) => `s=plant.Plant.${name}`).join('&');

mkdirSync(folder, { recursive: true });
const lockgate = await demo(binary);
const server = await plant(binary);
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
try {
  const page = await browser.newPage({ viewport: SIZE, colorScheme: 'light' });
  const picture = (name) => page.screenshot({ path: join(folder, `${name}.png`) });
  await firstLogin(page, lockgate);

  await page.goto(`${lockgate.base}/source/plant?tab=gaps`);
  await page.getByLabel('only paths like').fill('Plant/*/Line1/*/{Temperature,Level,Pressure}');
  await page.getByLabel('The last').selectOption('-1d');
  await page.getByRole('button', { name: 'Order' }).click();
  await page.getByText(/^(done|failed)$/).waitFor({ timeout: HISTORY_MS });

  await page.goto(`${lockgate.base}/trends?${TREND}&from=-5m`);
  await page.locator('.u-over').waitFor();
  await picture('trends');

  await page.goto(`${lockgate.base}/sources/add?url=${encodeURIComponent(server.url)}`);
  await page.getByRole('button', { name: 'Look' }).click();
  await page.getByLabel(/I compared/).waitFor();
  await picture('add-a-source');

  await page.goto(`${lockgate.base}/`);
  await page.getByRole('row', { name: /plant/ }).waitFor();
  await picture('overview');
} finally {
  await browser.close();
  await lockgate.stop();
  await server.stop();
}
