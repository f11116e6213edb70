// Walks the whole UI in a real browser against the real `lockgate demo`:
//
//   npm run e2e -- PATH/TO/lockgate [FOLDER FOR SCREENSHOTS]
//
// CHROMIUM names the browser, else Debian's is taken. It ends with 1 when a step fails or a page has a serious fault.
import { chromium } from 'playwright-core';

import { demo } from './lockgate.mjs';
import { listen, look, MODES } from './looks.mjs';
import * as walk from './walk.mjs';

const STEP_MS = 20_000;
const [binary, out] = process.argv.slice(2);
if (!binary) {
  console.error('which lockgate? npm run e2e -- PATH/TO/lockgate [FOLDER FOR SCREENSHOTS]');
  process.exit(2);
}

const STREAM = ['plant.Plant.Mixing.Line1.Mixer1.Temperature', 'plant.Plant.Filling.Line1.Filler1.Pressure', 'plant.Plant.Mixing.Line1.Mixer1.State'];
const PAGES = {
  overview: '/',
  sources: '/sources',
  gaps: '/sources?tab=gaps',
  'add-source': '/sources/add',
  source: '/source/plant',
  streams: '/source/plant?tab=streams',
  'source-gaps': '/source/plant?tab=gaps',
  settings: '/source/plant?tab=settings',
  trends: `/trends?${STREAM.map((name) => `s=${name}`).join('&')}&from=-5m`,
  alarms: '/alarms',
  'alarms-active': '/alarms?tab=active',
  certificates: '/certificates',
  sinks: '/sinks',
  system: '/system',
  people: '/system?tab=people',
  audit: '/system?tab=audit',
  unknown: '/no/such/page',
};

const complaints = [];
const lockgate = await demo(binary);
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
try {
  const state = await first();
  for (const mode of MODES) await every(mode, state);
} finally {
  await browser.close();
  await lockgate.stop();
}
for (const one of new Set(complaints)) console.error(`✗ ${one}`);
console.log(complaints.length === 0 ? `every page is well${out ? `; screenshots are in ${out}` : ''}` : `${complaints.length} complaints`);
process.exitCode = complaints.length === 0 ? 0 : 1;

/** The walk of a person, once; gives back who is logged in. */
async function first() {
  const context = await browser.newContext({ viewport: MODES[0].viewport });
  const page = await opened(context, [/40[13]/]);
  for (const step of ['firstLogin', 'dataIsWhole', 'trend', 'trust', 'audited', 'keyboard', 'logout', 'login']) {
    const begin = performance.now();
    await walk[step](page, lockgate).catch(async (error) => {
      if (out) await page.screenshot({ path: `${out}/failed-${step}.png` }).catch(() => undefined);
      throw new Error(`${step}: ${error.message}`);
    });
    console.log(`✓ ${step} ${Math.round(performance.now() - begin)} ms`);
  }
  const state = await context.storageState();
  await context.close();
  return state;
}

/** Every page in one mode. */
async function every(mode, storageState) {
  const outside = await opened(await browser.newContext({ viewport: mode.viewport, colorScheme: mode.colorScheme }), [/401/]);
  for (const [name, path] of [['login', '/login'], ['setup', '/setup#0']]) {
    await outside.goto(lockgate.base + path);
    await outside.locator('h1').waitFor();
    await look(outside, name, mode.name, out, complaints);
  }
  await outside.context().close();

  const context = await browser.newContext({ viewport: mode.viewport, colorScheme: mode.colorScheme, storageState });
  const page = await opened(context, []);
  for (const [name, path] of Object.entries(PAGES)) {
    await page.goto(lockgate.base + path);
    await page.locator('h1').waitFor();
    await page.waitForFunction(() => !document.body.innerText.includes('Looking …'));
    if (name === 'trends') await page.locator('.u-over').waitFor();
    await look(page, name, mode.name, out, complaints);
  }
  await context.close();
  console.log(`✓ ${Object.keys(PAGES).length + 2} pages, ${mode.name}`);
}

async function opened(context, expected) {
  const page = await context.newPage();
  page.setDefaultTimeout(STEP_MS);
  listen(page, complaints, expected);
  return page;
}
