// What is dropped onto a page, taken apart into its files.

/** Files that are looked at; a whole disk is a slip of the hand. */
const MOST = 20_000;

/** The files of a drop; of folders all that is in them and below, hidden ones aside. */
export async function dropped(data) {
  // They must be asked for at once: after the first wait the browser has let go of them.
  const files = [...data.files];
  const entries = [...data.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory)) return files;
  const found = [];
  for (const entry of entries) await walk(entry, found);
  return found;
}

async function walk(entry, found) {
  if (entry.name.startsWith('.')) return;
  if (found.length >= MOST) throw new Error(`More than ${MOST} files: name the folder under "A folder there" instead.`);
  if (entry.isFile) {
    found.push(await new Promise((done, failed) => entry.file(done, failed)));
    return;
  }
  const reader = entry.createReader();
  // A reader answers some at a time, and none at the end.
  for (;;) {
    const some = await new Promise((done, failed) => reader.readEntries(done, failed));
    if (some.length === 0) return;
    for (const each of some) await walk(each, found);
  }
}
