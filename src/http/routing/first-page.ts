import { respond } from './respond.ts';
import type { Route } from './route.ts';

/** What somebody sees who opens the address of the server. */
export const firstPage: Route = {
  path: '/',
  methods: ['GET', 'HEAD'],
  access: { elsewhere: 'links', clients: 'allow-from' },
  handle({ response }) {
    const body = 'pkarrd opens the site of a key at http://KEY.localhost, at this port.\n';
    respond(response, { status: 200, body });
  },
};
