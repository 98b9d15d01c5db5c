import { shellWord } from '../system/commands/shell-word.ts';
import { MARK, type ProgramWords, service, type WantedFile } from './service.ts';

/** A manager of services that is not systemd, and how pkarrd becomes a service of it. */
export interface OtherManager {
  readonly name: 'OpenRC' | 'procd' | 'launchd';
  /** The files of the service. */
  files(program: ProgramWords): readonly WantedFile[];
  /** What is run after the files are written, one after another. */
  readonly start: readonly ProgramWords[];
  /** What is run before they are removed. */
  readonly stop: readonly ProgramWords[];
}

/** OpenRC, as on Alpine and Gentoo (openrc-run(8), supervise-daemon(8)). */
export const openRc: OtherManager = {
  name: 'OpenRC',
  files: ([command, ...rest]) => [
    {
      path: '/etc/init.d/pkarrd',
      mode: 0o755,
      content: `#!/sbin/openrc-run
# ${MARK}
name=pkarrd
description=${shellWord(service.description)}
supervisor=supervise-daemon
command=${shellWord(command)}
command_args=${shellWord([...rest, 'serve'].map(shellWord).join(' '))}
command_user=pkarrd:pkarrd
# Port 53, without being root.
capabilities="^cap_net_bind_service"
no_new_privs=yes
respawn_delay=1
# For ever: the machine would be without DNS.
respawn_max=0
# Otherwise what it writes is lost.
error_logger="logger -t pkarrd -p daemon.info"
retry=TERM/${service.stopSeconds}/KILL/2
rc_ulimit="-n ${service.openFiles}"
umask=0077
extra_started_commands=reload
export STATE_DIRECTORY=${service.state} RUNTIME_DIRECTORY=${service.runtime}
${service.environment.map(({ name, value }) => `export ${name}=${shellWord(value)}`).join('\n')}

depend() {
	need localmount
	after bootmisc
	before net dns
	provide dns
}

start_pre() {
	getent passwd pkarrd >/dev/null || adduser -S -D -H -h ${service.state} -s /sbin/nologin pkarrd 2>/dev/null || useradd --system --home-dir ${service.state} --shell /sbin/nologin pkarrd
	getent group pkarrd >/dev/null || addgroup -S pkarrd 2>/dev/null || groupadd --system pkarrd
	checkpath --directory --owner pkarrd:pkarrd --mode 0700 ${service.state}
	checkpath --directory --owner pkarrd:pkarrd --mode 0755 ${service.runtime}
}

reload() {
	ebegin "Reloading pkarrd"
	$command ${rest.map(shellWord).join(' ')} reload
	eend $?
}
`,
    },
  ],
  start: [
    ['rc-update', 'add', 'pkarrd', 'default'],
    ['rc-service', 'pkarrd', 'restart'],
  ],
  stop: [
    ['rc-service', 'pkarrd', 'stop'],
    ['rc-update', 'delete', 'pkarrd'],
  ],
};

/** procd, on OpenWrt. There dnsmasq has port 53, and asks us on 5300. */
export const procd: OtherManager = {
  name: 'procd',
  files: (program) => [
    {
      path: '/etc/init.d/pkarrd',
      mode: 0o755,
      content: `#!/bin/sh /etc/rc.common
# ${MARK}
USE_PROCD=1
# Before dnsmasq, which is 19.
START=18
STOP=90

start_service() {
	mkdir -p ${service.state} ${service.runtime}
	chown nobody:nogroup ${service.state} ${service.runtime}
	chmod 0700 ${service.state}
	procd_open_instance
	procd_set_param command ${[...program, 'serve', '--listen', '127.0.0.1:5300', '--listen', '[::1]:5300'].map(shellWord).join(' ')}
	procd_set_param env STATE_DIRECTORY=${service.state} RUNTIME_DIRECTORY=${service.runtime} \\
		${service.environment.map(({ name, value }) => shellWord(`${name}=${value}`)).join(' \\\n\t\t')}
	procd_set_param user nobody
	procd_set_param no_new_privs 1
	procd_set_param limits nofile="${service.openFiles} ${service.openFiles}"
	# The last number: for ever.
	procd_set_param respawn 3600 1 0
	procd_set_param term_timeout ${service.stopSeconds}
	procd_set_param stdout 1
	procd_set_param stderr 1
	procd_close_instance
}

reload_service() {
	${[...program, 'reload'].map(shellWord).join(' ')}
}
`,
    },
  ],
  start: [
    ['/etc/init.d/pkarrd', 'enable'],
    ['/etc/init.d/pkarrd', 'restart'],
  ],
  stop: [
    ['/etc/init.d/pkarrd', 'stop'],
    ['/etc/init.d/pkarrd', 'disable'],
  ],
};

const PLIST = '/Library/LaunchDaemons/pkarrd.plist';

/** launchd, on macOS (launchd.plist(5)). It runs as root there, who alone can bind port 53 of one address. */
export const launchd: OtherManager = {
  name: 'launchd',
  files: (program) => [
    {
      path: PLIST,
      mode: 0o644,
      content: `<?xml version="1.0" encoding="UTF-8"?>
<!-- ${MARK} -->
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
	<key>Label</key>
	<string>pkarrd</string>
	<key>ProgramArguments</key>
	<array>
${[...program, 'serve'].map((word) => `		<string>${xmlText(word)}</string>`).join('\n')}
	</array>
	<key>EnvironmentVariables</key>
	<dict>
		<key>STATE_DIRECTORY</key>
		<string>${service.state}</string>
${service.environment.map(({ name, value }) => `		<key>${name}</key>\n		<string>${xmlText(value)}</string>`).join('\n')}
	</dict>
	<key>RunAtLoad</key>
	<true/>
	<key>KeepAlive</key>
	<true/>
	<key>ThrottleInterval</key>
	<integer>1</integer>
	<key>ExitTimeOut</key>
	<integer>${service.stopSeconds}</integer>
	<key>Umask</key>
	<integer>63</integer>
	<key>SoftResourceLimits</key>
	<dict>
		<key>NumberOfFiles</key>
		<integer>${service.openFiles}</integer>
	</dict>
	<key>StandardErrorPath</key>
	<string>/var/log/pkarrd.log</string>
</dict>
</plist>
`,
    },
  ],
  start: [['launchctl', 'bootstrap', 'system', PLIST]],
  stop: [['launchctl', 'bootout', 'system/pkarrd']],
};

function xmlText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
