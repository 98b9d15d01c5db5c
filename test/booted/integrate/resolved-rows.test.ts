import { tellRows } from './tell-rows.ts';

// Those of common.test.ts, on the other Debian.
tellRows(['NetworkManager and systemd-resolved'], ['bookworm']);
tellRows(['systemd-networkd and systemd-resolved'], ['trixie']);
tellRows(['systemd-resolved, and links that others set'], ['bookworm', 'trixie']);
