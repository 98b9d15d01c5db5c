import { PUBLIC_ADDRESS } from '../public-address.ts';
import type { HeaderLines } from './header-lines.ts';

/**
 * Sees to it that no script of a site reaches a document of its origin that is not held to `treat-as-public-address`.
 *
 * Chromium shows a PDF in a document that drops the policies of the answer, `sandbox` included, and the site's script has
 * the powers of that document. What it obeys is who may embed the answer, and who shares a group of windows with it. So a PDF opens in a window that
 * its opener does not reach, and in no frame. Whatever else is not known to be held to its policy is treated alike, and
 * in every answer, since a browser has it in its cache when it is embedded next.
 * @param lines changed in place.
 */
export function guardDocument(lines: HeaderLines, status: number): void {
  if (status === 304) {
    // They would take the place of those of the answer that the browser has, which has another type perhaps.
    for (const name of [POLICY, OPENER, TYPE]) lines.delete(name);
    return;
  }
  const added = [PUBLIC_ADDRESS];
  if (mayDropPolicy(lines, status)) {
    added.push("frame-ancestors 'none'");
    lines.set(OPENER, ['noopener-allow-popups']);
  }
  // Further fields, so that they hold beside the site's own (CSP §3.1: "each ... parsed" as a policy of its own).
  lines.set(POLICY, [...(lines.get(POLICY) ?? []), ...added]);
}

const POLICY = 'content-security-policy';
const OPENER = 'cross-origin-opener-policy';
const TYPE = 'content-type';

/** Whether the answer may become a document that drops its policy. */
function mayDropPolicy(lines: HeaderLines, status: number): boolean {
  if (status === 101 || isRedirect(lines, status)) return false;
  // A part may be put together with another answer.
  if (status === 206) return true;
  const types = lines.get(TYPE) ?? [];
  // Without a type, or with one that it does not understand, a browser looks for a PDF in the body.
  if (types.length !== 1) return true;
  const [essence = ''] = (types[0] as string).split(';');
  return !held.test(essence.trim()) || /pdf/i.test(essence);
}

/** Types of what Chromium shows by itself, under the policy of the answer, or does not show: each was tried. */
const held =
  /^(?:(?:text|image|audio|video|font)\/[\w.+-]+|application\/(?:javascript|json|xml|wasm|[\w.-]+\+(?:json|xml))|multipart\/x-mixed-replace)$/i;

/** One that a browser follows: no document comes of it. */
function isRedirect(lines: HeaderLines, status: number): boolean {
  const isFollowed = [301, 302, 303, 307, 308].includes(status);
  return isFollowed && (lines.get('location') ?? []).some((to) => to.trim() !== '');
}
