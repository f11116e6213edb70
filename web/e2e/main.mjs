// Walks the whole UI in a real browser against the real `lockgate demo`:
//
//   npm run e2e -- PATH/TO/lockgate [FOLDER FOR SCREENSHOTS]
//
// CHROMIUM names the browser, else Debian's is taken. It ends with 1 when a step fails or a page has a serious fault.
import { chromium } from 'playwright-core';

import { demo } from './lockgate.mjs';
import { listen, look, MODES } from './looks.mjs';
import { plant } from './plant.mjs';
import * as walk from './walk.mjs';
import * as wizard from './wizard.mjs';

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
  select: '/source/plant?tab=select',
  settings: '/source/plant?tab=settings',
  trends: `/trends?${STREAM.map((name) => `s=${name}`).join('&')}&from=-5m`,
  alarms: '/alarms',
  'alarms-active': '/alarms?tab=active',
  certificates: '/certificates',
  sinks: '/sinks',
  system: '/system',
  configuration: '/system?tab=configuration',
  people: '/system?tab=people',
  audit: '/system?tab=audit',
  unknown: '/no/such/page',
};

const { firstLogin, dataComesIn, soon, trend, past, trust, audited, keyboard, logout, login } = walk;
const { add, trusted, wrongPassword, takeOut, configuration, select } = wizard;
const WIZARD = { firstLogin, select, add, trusted, wrongPassword, takeOut, configuration };
const WALK = { firstLogin, dataComesIn, soon, trend, past, trust, audited, keyboard, logout, login };

const complaints = [];
const running = [];
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
try {
  // The wizard has a lockgate of its own: two plants of one application URI share their streams.
  const server = await started(plant(binary));
  const own = await started(demo(binary));
  await steps(WIZARD, { ...own, plant: server });
  await own.stop();
  const lockgate = await started(demo(binary));
  const state = await steps(WALK, lockgate);
  for (const mode of MODES) await every(mode, lockgate, state);
} finally {
  await browser.close();
  for (const one of running) await one.stop();
}
for (const one of new Set(complaints)) console.error(`✗ ${one}`);
console.log(complaints.length === 0 ? `every page is well${out ? `; screenshots are in ${out}` : ''}` : `${complaints.length} complaints`);
process.exitCode = complaints.length === 0 ? 0 : 1;

/** What a person does, once; gives back who is logged in. */
async function steps(list, lockgate) {
  const context = await browser.newContext({ viewport: MODES[0].viewport });
  const page = await opened(context, [/40[0139]/]);
  for (const [step, run] of Object.entries(list)) {
    const begin = performance.now();
    const see = (name) => look(page, name, MODES[0].name, out, complaints);
    await failing(page, step, () => run(page, { ...lockgate, see }));
    console.log(`✓ ${step} ${Math.round(performance.now() - begin)} ms`);
  }
  const state = await context.storageState();
  await context.close();
  return state;
}

async function started(coming) {
  const one = await coming;
  running.push(one);
  return one;
}

/** Every page in one mode. */
async function every(mode, lockgate, storageState) {
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
    if (name === 'trends') await failing(page, `${name}-${mode.name}`, () => page.locator('.u-over').waitFor());
    await look(page, name, mode.name, out, complaints);
  }
  await context.close();
  console.log(`✓ ${Object.keys(PAGES).length + 2} pages, ${mode.name}`);
}

/** Does a step; when it fails, says which one, and leaves a picture of how the page looked. */
async function failing(page, step, run) {
  try {
    await run();
  } catch (error) {
    if (out) await page.screenshot({ path: `${out}/failed-${step}.png` }).catch(() => undefined);
    for (const one of complaints) console.error(`✗ ${one}`);
    throw new Error(`${step}: ${error.message}`, { cause: error });
  }
}

async function opened(context, expected) {
  const page = await context.newPage();
  page.setDefaultTimeout(STEP_MS);
  listen(page, complaints, expected);
  return page;
}
