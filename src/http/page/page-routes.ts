import type { Calls } from '../calls/calls.ts';
import type { RemoteCalls } from '../calls/remote-calls.ts';
import type { Route } from '../routing/route.ts';
import { LiveFigures } from './live-figures.ts';
import { lookUpRoutes } from './look-up-routes.ts';
import { namesRoutes } from './names-routes.ts';
import { nowRoutes } from './now-routes.ts';
import { fileRoute } from './page-files.ts';
import { publishRoutes } from './publish-routes.ts';

/** The page: each of its sections, and what they load. */
export function pageRoutes(
  calls: Pick<RemoteCalls<Calls>, 'ask'>,
  onBug: (error: unknown) => void,
): readonly Route[] {
  const figures = new LiveFigures((signal) => calls.ask('figures', undefined, signal), onBug);
  return [
    ...nowRoutes(figures),
    ...lookUpRoutes(calls),
    ...namesRoutes(calls),
    ...publishRoutes(),
    fileRoute(),
  ];
}
