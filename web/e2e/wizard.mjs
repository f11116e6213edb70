// From an address to values, by clicks: find, endpoint, trust both ways, login, start; a wrong password on the way; and out again.

/** The wizard up to the server that does not trust us yet. */
export async function add(page, { plant, see }) {
  await page.getByRole('link', { name: 'Sources', exact: true }).click();
  await page.getByRole('link', { name: 'Add a source' }).click();
  await page.getByLabel('Address').fill(plant.url.replace('opc.tcp://', ''));
  await page.getByRole('button', { name: 'Look' }).click();
  await page.getByRole('row', { name: /used/ }).getByText('strong').waitFor();
  const compared = page.getByLabel(/I compared the server's thumbprint/);
  await compared.waitFor();
  if ((await page.getByRole('button', { name: 'Add and start' }).count()) > 0) throw new Error('a source can be added without comparing');
  await compared.check();
  await page.getByLabel('Name of the source').fill('second');
  await page.getByLabel('User', { exact: true }).fill(plant.user);
  await page.getByLabel('Password', { exact: true }).fill(plant.password);
  await see('add-all-steps');
  await page.getByRole('button', { name: 'Add and start' }).click();
  await page.getByRole('heading', { name: 'It is saved' }).waitFor();
  await see('add-made');
  await page.getByRole('link', { name: 'To the source second' }).click();
  await page.getByText('its administrator has to trust us once').waitFor();
  await see('waiting-for-trust');
}

/** The plant accepts us, and the page sees it by itself. */
export async function trusted(page, { plant, see }) {
  if ((await plant.acceptClients()) === 0) throw new Error('the plant has no client that waits');
  await page.getByRole('heading', { name: /^(flowing|quiet)$/ }).waitFor({ timeout: 90_000 });
  await page.getByRole('link', { name: /^Streams/ }).click();
  await page.getByLabel('Search streams').fill('mixer temperature');
  await page.getByRole('region', { name: 'Live' }).getByRole('row', { name: /second\..*Mixer1\.Temperature .* °C Good/ }).waitFor();
  await see('live');
}

/** Picked in the tree, tried, and taken over. */
export async function select(page, { base, see }) {
  await page.goto(`${base}/source/plant?tab=select`);
  await page.getByRole('button', { name: 'Plant', exact: true }).click();
  await page.getByRole('button', { name: 'Include Mixing' }).click();
  await page.getByRole('button', { name: 'What would this pick?' }).click();
  await page.getByText('tried only').waitFor();
  await see('select-tried');
  await page.getByRole('button', { name: 'Take it over' }).click();
  await page.getByText('these rules hold').waitFor();
}

/** Another one at the same server, with a wrong password, says what is wrong. */
export async function wrongPassword(page, { plant, base }) {
  await page.goto(`${base}/sources/add?url=${encodeURIComponent(plant.url)}`);
  await page.getByRole('button', { name: 'Look' }).click();
  await page.getByText('We trust this certificate already').waitFor();
  await page.getByLabel('Name of the source').fill('third');
  await page.getByLabel('User', { exact: true }).fill(plant.user);
  await page.getByLabel('Password', { exact: true }).fill('not this one');
  await page.getByRole('button', { name: 'Add and start' }).click();
  await page.getByRole('heading', { name: 'It is saved' }).waitFor();
  await page.getByText('login refused').first().waitFor();
}

/** Both are taken out again. */
export async function takeOut(page, { base }) {
  for (const name of ['third', 'second']) {
    await page.goto(`${base}/source/${name}?tab=settings`);
    await page.getByRole('button', { name: 'Take it out …' }).click();
    await page.getByRole('button', { name: `Take ${name} out` }).click();
    await page.getByRole('heading', { name: 'Sources', level: 1 }).waitFor();
    await page.getByRole('row', { name: new RegExp(`^${name}`) }).waitFor({ state: 'detached' });
  }
}

/** The configuration: what a change would do, doing it, and the way back. */
export async function configuration(page, { base, see }) {
  await page.goto(`${base}/system?tab=configuration`);
  const text = page.getByLabel('The configuration file');
  await page.waitForFunction(() => document.querySelector('textarea')?.value.includes('[[source]]'));
  const before = await text.inputValue();
  await text.fill(`${before}\nnonsense = 1\n`);
  await page.getByRole('button', { name: 'What would this do?' }).click();
  await page.getByRole('alert').waitFor();
  await text.fill(`${before}\n[[sink]]\nname = "files"\nkind = "file"\nfolder = "out"\nformat = "jsonl"\nevery = "1s"\n`);
  await page.getByRole('button', { name: 'What would this do?' }).click();
  await page.getByText('This would happen').waitFor();
  await see('configuration-plan');
  await page.getByRole('button', { name: 'Take it over' }).click();
  await page.getByText(/^Taken over/).waitFor();
  await page.getByRole('link', { name: 'Sinks' }).click();
  await page.getByText('delivering').first().waitFor();
}
