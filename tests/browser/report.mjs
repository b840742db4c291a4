// Looks at the report as report.sh says; exits with 1 and says what is wrong.
import { readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const [page_file, shots] = process.argv.slice(2);
const url = pathToFileURL(page_file).href;
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const MOST_BYTES = 5e6;
const failures = [];
const fail = (text) => failures.push(text);

if (statSync(page_file).size > MOST_BYTES) fail(`the page has ${statSync(page_file).size} bytes`);
const flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: flags });

/** The page, with what it logs and asks for from elsewhere. */
async function open(options) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && fail(`console: ${message.text()}`));
  page.on("pageerror", (error) => fail(`error: ${error}`));
  page.on("request", (request) => /^(file|data):/.test(request.url()) || fail(`asks for ${request.url()}`));
  await page.goto(url);
  return page;
}

for (const [width, height] of [[1280, 900], [390, 844]]) {
  for (const colorScheme of ["light", "dark"]) {
    const name = `${width}-${colorScheme}`;
    const page = await open({ viewport: { width, height }, colorScheme });
    const over = await page.evaluate(() => {
      const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
      const inside = (element) => element.closest(".wide, .drawn, math, svg, .skip");
      const named = [...document.querySelectorAll("body *")].filter((element) => !inside(element)
        && element.getBoundingClientRect().right > document.documentElement.clientWidth + 1);
      return { wide, named: named.slice(0, 3).map((element) => element.outerHTML.slice(0, 120)) };
    });
    if (over.wide > 0 || over.named.length > 0) fail(`${name}: overflows by ${over.wide}: ${over.named.join(" | ")}`);
    if (await page.locator("merror").count()) fail(`${name}: a formula is not set`);
    const broken = await page.evaluate(() => {
      const children = { msup: 2, msub: 2, msubsup: 3, munder: 2, mover: 2, munderover: 3, mfrac: 2, mroot: 2 };
      const all = Object.keys(children).flatMap((tag) => [...document.querySelectorAll(tag)]);
      return all.filter((element) => element.children.length !== children[element.localName]).map((element) => element.outerHTML);
    });
    if (broken.length > 0) fail(`${name}: ${broken.length} formulas are not well made: ${broken[0].slice(0, 200)}`);
    await page.screenshot({ path: `${shots}/${name}-top.png` });
    for (const id of ["verdicts", "nsn-box", "pruned"]) {
      const heading = page.locator(`#${id}`);
      if (await heading.count()) {
        await heading.scrollIntoViewIfNeeded();
        await heading.evaluate((element) => element.scrollIntoView());
        await page.screenshot({ path: `${shots}/${name}-${id}.png` });
      }
    }
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => window.axe.run({ resultTypes: ["violations"] }));
    for (const { id, impact, nodes } of violations) {
      const text = `${name}: axe ${impact} ${id} (${nodes.length}): ${nodes[0].html.slice(0, 160)} ${nodes[0].any[0]?.message ?? ""}`;
      if (["serious", "critical"].includes(impact)) fail(text);
      else console.log(text);
    }
    await page.context().close();
  }
}

// By keyboard alone: the first stop is the skip link, every link and button is a stop, and Enter sorts.
{
  const page = await open({ viewport: { width: 1280, height: 900 } });
  const wanted = await page.evaluate(() => document.querySelectorAll("a[href], button, input, select, .wide, .drawn").length);
  const reached = await page.evaluate(() => [...document.querySelectorAll("a[href], button, input, select, .wide, .drawn")]
    .filter((element) => { element.focus(); return document.activeElement === element && element.tabIndex >= 0; }).length);
  if (wanted !== reached) fail(`the keyboard reaches ${reached} of ${wanted}`);
  await page.evaluate(() => document.activeElement.blur());
  await page.goto(url);
  await page.keyboard.press("Tab");
  const first = await page.evaluate(() => document.activeElement.className);
  if (first !== "skip") fail(`the first stop of Tab is ${first}`);
  const table = page.locator("table.sortable").first();
  if (await table.count()) {
    const cells = () => table.locator("tbody tr:not([hidden]) td:nth-child(4)").allTextContents();
    await table.locator("th button").nth(3).focus();
    await page.keyboard.press("Enter");
    const sorted = (await cells()).map(Number);
    if (sorted.some((value, index) => index > 0 && value < sorted[index - 1])) fail("Enter does not sort the table");
    await page.locator(".filter select").first().selectOption("violated");
    const verdicts = await table.locator("tbody tr:not([hidden]) td:nth-child(3)").allTextContents();
    if (verdicts.length === 0 || verdicts.some((verdict) => verdict !== "violated")) fail("the filter shows other verdicts");
    await page.locator(".filter select").first().selectOption("all");
    await page.locator(".filter input").first().fill("no such claim");
    if ((await cells()).length !== 0) fail("the filter shows what was not asked for");
    await table.locator("xpath=ancestor::section").screenshot({ path: `${shots}/filtered.png` });
  }
  await page.context().close();
}

// Without scripts everything is there, and nothing that does nothing.
{
  const page = await open({ viewport: { width: 1280, height: 900 }, javaScriptEnabled: false });
  if (await page.locator("button, select, input").count()) fail("without scripts there are controls");
  if (!(await page.locator("table.sortable tbody tr").first().isVisible())) fail("without scripts the table is missing");
  await page.context().close();
}

// In print: as PDF, whose pages can be looked at.
{
  const page = await open({});
  await page.pdf({ path: `${shots}/report.pdf`, format: "A4", margin: { top: "15mm", bottom: "15mm", left: "15mm", right: "15mm" } });
  await page.context().close();
}

await browser.close();
failures.forEach((text) => console.error(`FAIL  ${text}`));
console.log(failures.length ? `${failures.length} failures` : `the report reads well: ${statSync(page_file).size} bytes, 2 widths, 2 schemes`);
process.exit(failures.length ? 1 : 0);
