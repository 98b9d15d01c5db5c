/** The entry point of the script of the page: each section goes on from where the server rendered it. */
import { DATA_ID, ROOT_ID } from '../element-ids.ts';
import { startLookUp } from './look-up.tsx';
import { startNow } from './now.tsx';

const root = document.getElementById(ROOT_ID);
const data = document.getElementById(DATA_ID)?.textContent;
if (root !== null && data !== null && data !== undefined) {
  const { section } = root.dataset;
  if (section === 'now') startNow(root, JSON.parse(data));
  if (section === 'look-up') startLookUp(root, JSON.parse(data));
}
