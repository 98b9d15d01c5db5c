import { tellRows } from './tell-rows.ts';

tellRows(['NetworkManager', "Debian's resolvconf", 'openresolv', 'none of them'], ['bookworm', 'trixie']);
