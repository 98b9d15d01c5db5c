import { respond } from '../../src/http/routing/respond.ts';
import type { Route } from '../../src/http/routing/route.ts';

/** A route as that of the page, which says one line. */
export const firstRoute: Route = {
  path: '/',
  methods: ['GET', 'HEAD'],
  access: { elsewhere: 'links', clients: 'allow-from' },
  handle: ({ response }) => respond(response, { status: 200, body: 'the page\n' }),
};
