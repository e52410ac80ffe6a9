// With SCREENSHOTS=FOLDER pages are drawn into that folder as they are in a test, for people to look at.

const FOLDER = process.env.SCREENSHOTS;

/** Draws the whole page at the width of a phone and of a desk. */
export async function draw(page, name) {
  if (!FOLDER) return;
  const size = page.viewportSize();
  for (const width of [360, 1440]) {
    await page.setViewportSize({ width, height: 900 });
    await page.screenshot({ path: `${FOLDER}/${name}-${width}.png`, fullPage: true });
  }
  await page.setViewportSize(size);
}
