/** Services, processes, disks, mounts, packages of the system: where options, not verbs, decide. */
import { has, sorted, valuesOf, type Call } from '../call.ts'
import { ANYTHING, NAME, UNKNOWN_FLOW, type Flow } from '../text.ts'

/** Services that guard or record. */
const GUARDS = /^(auditd|rsyslog|syslog(-ng)?|systemd-journald|journald|osqueryd|wazuh-agent|ossec|falcon-sensor|crowdstrike|clamav\S*|apparmor|sysmon|auditbeat|filebeat|aide|samhain|splunk\S*|fluentd|td-agent|fluent-bit|datadog-agent|amazon-ssm-agent|windefend|sense|eventlog|mpssvc|mdatp|sentinelone|snoopy)(\.service|\.socket)?$/i
const WALLS = /^(firewalld|ufw|iptables|ip6tables|nftables|fail2ban|selinux\S*)(\.service)?$/i

export function systemctlRun({ words, shell }: Call): Flow {
  const { flags, operands } = sorted(words, new Set('-t --type -p --property -n --lines -o --output -H --host -M --machine -s --signal --state --root --kill-who --what'.split(' ')))
  const [verb = '', ...units] = operands
  const target = operands.join(' ')
  if (/^(status|show|cat|list-\S+|is-\S+|get-default|help|show-environment|)$/.test(verb)) return UNKNOWN_FLOW
  if (/^(poweroff|reboot|halt|kexec|suspend|hibernate|hybrid-sleep|rescue|emergency|soft-reboot|exit|switch-root|default|isolate)$/.test(verb)) shell.does('power', 'system', { target })
  else if (/^(stop|disable|mask|kill|revert)$/.test(verb) && units.some((unit) => GUARDS.test(unit))) shell.does('audit.off', 'audit', { target })
  else if (/^(stop|disable|mask|kill)$/.test(verb) && units.some((unit) => WALLS.test(unit))) shell.does('security.off', 'system', { target })
  else if (/^(enable|link|preset|add-wants|edit|set-property|set-default|preset-all|import-environment|set-environment|unset-environment)$/.test(verb)) shell.does('persistence', 'startup', { target })
  else shell.does('service', units.some((unit) => unit.includes(ANYTHING)) ? 'system' : has(flags, '--user') ? 'home' : 'system', { target })
  return UNKNOWN_FLOW
}

export function killRun({ name, words, shell }: Call): Flow {
  const { flags, operands } = sorted(words, new Set(['-s', '--signal', '-u', '-t', '-P', '-g', '-G', '-U', '-F']))
  const target = words.join(' ')
  if (name === 'fuser') { if (has(flags, '-k', '--kill')) shell.does('proc.kill', 'system', { target }) }
  else if (name === 'killall5') shell.does('proc.kill', 'none', { target, amount: 'all' })
  else if (name === 'kill') return kill(words, shell)
  else if (!has(flags, '-l', '--list', '-V') && !flags.has('-0')) {
    const whole = operands.length === 0 ? has(flags, '-u', '-U') : operands.some((one) => /^(\.|\.\*|\/)$/.test(one))
    shell.does('proc.kill', operands.some((one) => /^(systemd|init|launchd|dockerd|containerd|sshd|auditd|Xorg|gnome-session|explorer|lsass|csrss|winlogon)$/.test(one)) ? 'vital' : 'system', { target, amount: whole ? 'many' : 'many' })
  }
  return UNKNOWN_FLOW
}

function kill(words: readonly string[], shell: Call['shell']): Flow {
  if (words.some((word) => /^-[lL]/.test(word) || word === '-0')) return UNKNOWN_FLOW
  const rest = [...words]
  if (/^-[sn]$|^--signal$/.test(rest[0] ?? '')) rest.splice(0, 2)
  else if (/^-[A-Za-z]|^-\d+$|^--signal=/.test(rest[0] ?? '') && rest.length > 1) rest.splice(0, 1)
  for (const target of rest.filter((word) => word !== '--')) {
    // There it is the container that ends, and is made again.
    if (shell.where === 'container') shell.does('proc.kill', 'container', { target: `process ${target} of a container` })
    else if (/^-?[01]$/.test(target)) shell.does('proc.kill', 'none', { amount: 'all', target: target === '1' ? 'the first process of the system' : 'every process that may be signalled' })
    else if (target.includes(ANYTHING) && !target.includes(NAME)) shell.does('proc.kill', 'system', { target: 'processes that are not known beforehand', certainty: 'assumed' })
    else shell.does('proc.kill', target.startsWith('-') ? 'system' : 'none', { amount: 'one', target: `process ${target}` })
  }
  return UNKNOWN_FLOW
}

const TO_LIST = /^(-l|--list|-L|-i|--info|-p|--print|-v|--verify|-V|--version|-n|--no-act|-t|-I|--dump|-N)$/

export function diskRun({ name, words, shell }: Call): Flow {
  const { flags, operands } = sorted(words, new Set('-t --types -L -b -o -O -U -m'.split(' ')))
  const target = `${name} ${words.join(' ')}`
  const devices = operands.filter((word) => /^\/dev\/|^disk\d|^[A-Za-z]:$/.test(word))
  const ruin = (what: string) => shell.does('device', 'device', { target: what, amount: 'many' })
  if (/^(lvs|vgs|pvs|lvdisplay|vgdisplay|pvdisplay)$/.test(name) || words.includes('--help') || words.includes('--version')) return UNKNOWN_FLOW
  if (/^(mkfs|mke2fs|mkntfs|mkdosfs|mkswap|newfs)/.test(name)) {
    const place = operands.filter((word) => !/^(ext\d|xfs|vfat|btrfs|ntfs|\d+[kKmMgG]?)$/.test(word)).at(-1)
    if (has(flags, '-n') && name === 'mke2fs') return UNKNOWN_FLOW
    if (place === undefined) return UNKNOWN_FLOW
    if (shell.place(place).scope === 'device' || devices.length > 0 || place.includes(ANYTHING)) ruin(place)
    else shell.touch('fs.write', place, { amount: 'one' })
    return UNKNOWN_FLOW
  }
  if (name === 'mdadm' && has(flags, '--detail', '-D', '--examine', '-E', '--query', '-Q', '--detail-platform', '--examine-badblocks', '--examine-bitmap', '-X')) return UNKNOWN_FLOW
  // Clustered, too: `zfs destroy -nv`.
  if (/^(zfs|zpool)$/.test(name) && has(flags, '-n', '--dry-run')) return UNKNOWN_FLOW
  const verb = (() => { const own = operands.filter((word) => !word.startsWith('/') && !/^disk\d/.test(word)); return /^(subvolume|filesystem|device|apfs|balance|scrub|quota|qgroup|property|cs|corestorage)$/.test(own[0] ?? '') ? (own[1] ?? '') : (own[0] ?? '') })()
  switch (name) {
    case 'wipefs': if (has(flags, '-a', '--all', '-o', '--offset') && !has(flags, '-n', '--no-act')) ruin(target)
      return UNKNOWN_FLOW
    case 'smartctl': if (has(flags, '-s', '-t', '-X')) shell.does('device', 'device', { amount: 'one', target })
      return UNKNOWN_FLOW
    case 'hdparm': if (words.some((word) => /^--(security-erase|trim-sector|write-sector|make-bad-sector|yes-i-know)/.test(word))) ruin(target)
      else if (words.some((word) => /^-[SBMWQXpYy]\d*$/.test(word))) shell.does('device', 'device', { amount: 'one', target })
      return UNKNOWN_FLOW
    case 'fsck': case 'fsck.ext4': case 'e2fsck': case 'xfs_repair': if (!has(flags, '-n', '-N')) shell.does('device', 'device', { amount: 'one', target })
      return UNKNOWN_FLOW
    case 'hdiutil': case 'qemu-img': {
      const image = operands.find((word) => /\.(dmg|sparseimage|sparsebundle|iso|img|cdr|qcow2|raw)$/.test(word) && !word.startsWith('/dev/'))
      if (image !== undefined && /^(create|convert|makehybrid|resize|compact|segment)$/.test(operands[0] ?? '')) { shell.touch('fs.write', image, { amount: 'one' }); return UNKNOWN_FLOW }
      break
    }
    case 'badblocks': if (has(flags, '-w')) ruin(target)
      return UNKNOWN_FLOW
    case 'swapon': if (operands.length === 0 || has(flags, '-s', '--show', '--summary')) return UNKNOWN_FLOW
      shell.does('fs.mount', 'system', { target }); return UNKNOWN_FLOW
    case 'swapoff': case 'partprobe': case 'resize2fs': case 'xfs_growfs': case 'tune2fs': case 'e2label': case 'xfs_admin': case 'growpart': case 'lvextend': case 'lvcreate': case 'vgcreate': case 'lvchange': case 'vgchange': case 'lvresize': case 'lvrename': case 'vgrename': case 'vgcfgrestore': case 'vgextend': case 'vgreduce': case 'pvresize': case 'pvmove': case 'pvchange': case 'losetup': case 'kpartx': case 'multipath': case 'debugfs':
      // There `-L` and `-l` are sizes.
      if (words.some((word) => (/^(lv|vg|pv)/.test(name) ? /^(-t|--test|-h|--help|--version)$/ : TO_LIST).test(word)) || words.length === 0 || (name === 'losetup' && has(flags, '-a', '-j'))) return UNKNOWN_FLOW
      shell.does('device', 'device', { amount: 'one', target })
      return UNKNOWN_FLOW
    default:
  }
  if (words.some((word) => TO_LIST.test(word)) || words.length === 0 || (/^(parted)$/.test(name) && words.some((word) => /^(print|unit)$/.test(word)) && !words.some((word) => /^(mklabel|mktable|rm|mkpart|resizepart|set)$/.test(word)))) return UNKNOWN_FLOW
  if (/^(list|ls|status|get|info|show|history|iostat|events|isLuks|luksDump|luksUUID|id-ctrl|smart-log|list-subsys|error-log|fw-log|subvolume list|filesystem|verifyVolume|verifyDisk|verify|apfs|device|diff|version|holds|allow|table|deps|imageinfo|benchmark|property|usage)$/.test(verb) && !/^apfs|^filesystem|^device/.test(verb)) return UNKNOWN_FLOW
  if (/^(snapshot|create|mount|unmount|umount|set|open|luksOpen|close|luksClose|scrub|import|export|online|offline|add|subvolume|balance|rename|send|receive|clone|bookmark|hold|release|attach|detach|eject|start|resume|suspend|refresh|connect|upgrade|promote|assemble|filesystem|device|apfs|mountDisk|unmountDisk|enableJournal|makehybrid|convert|compact)$/.test(verb) && !words.includes('delete')) shell.does('device', 'device', { amount: 'one', target })
  else if (name === 'zfs' && verb === 'rollback') shell.does('fs.write', 'system', { target, note: 'loses what was written since that snapshot' })
  else ruin(target)
  return UNKNOWN_FLOW
}

export function mountRun({ name, words, shell }: Call): Flow {
  const { flags, operands } = sorted(words, new Set('-t -o -L -U -O --types --options --source --target'.split(' ')))
  if (name === 'mount' && (operands.length === 0 || has(flags, '-l', '--show-labels', '-V', '-f')) && !has(flags, '-a')) return UNKNOWN_FLOW
  if (name === 'udisksctl' && /^(status|info|dump|monitor)$/.test(operands[0] ?? '')) return UNKNOWN_FLOW
  const target = operands.join(' ')
  if (/release_agent|\/proc\/1\/root|cgroup.*rdma|\/var\/run\/docker/.test(target) || (valuesOf(flags, '-t').includes('cgroup') && name === 'mount')) shell.does('container.escape', 'system', { target })
  else shell.does('fs.mount', 'system', { target })
  return UNKNOWN_FLOW
}

/** Without these a system does not start, or has no network, no log-in, no way to install anything again. */
const ESSENTIAL = /^(libc6|glibc|coreutils|bash|systemd|init|dpkg|apt|rpm|linux-image\S*|kernel\S*|sudo|openssh-server|util-linux|grub\S*|base-files|login|passwd|libpam\S*|python3?|\*|\uE004)$/

export function ruleOfPackages({ name, words, shell, stdin }: Call): Flow {
  const { flags, operands } = sorted(words, new Set('-t --target-release -o -c --config-file --root --installroot --repo --enablerepo --disablerepo --channel --prefix'.split(' ')))
  const [verb = '', ...packages] = operands
  const target = `${name} ${words.join(' ')}`
  if (has(flags, '-s', '--simulate', '--just-print', '--dry-run', '--no-act', '--recon', '--assumeno', '--print-uris') && !/^(pacman|yay|paru|pamac)$/.test(name)) return UNKNOWN_FLOW
  if (/^(pacman|yay|paru|xbps-query)$/.test(name) && words.some((word) => /^-(Q|Si|Ss|Sl|Sg|Sp|F|T|V|h)|^--(query|print|version|help)/.test(word))) return UNKNOWN_FLOW
  if (/^(list|ls|search|show|info|policy|depends|rdepends|why|provides|whatprovides|repoquery|changelog|check-update|check|updateinfo|history|repolist|help|--version|version|home|outdated|deps|uses|desc|cat|doctor|config|leaves|log|options|find|remotes|remote-ls|remote-info|connections|interfaces|known|stats|audit|se|if|lr|lu|pa|locale|list-updates|whoami|query|which|file|contents|formulae|casks|commands|missing|moo|madison|showpkg|cache|dot|status|export|sources|pins|--prefix|--cellar|--repository|shellenv|services list|tap-info|docs|lint|livecheck|--env|analyze|review|features|hash|settings|get|logs|changes|list-upgrades|installed|contents|variants|env|-l|--list|bottle|analytics|search-key)$/.test(verb) && !(name === 'snap' && verb === 'set') && !(verb === 'cache' && packages.includes('rm'))) return UNKNOWN_FLOW
  if (verb === '' && /^(brew|snap|flatpak|choco|winget|scoop|apt|apt-get|dnf|yum|zypper|pkg)$/.test(name) && !words.some((word) => word.length > 2 && word.startsWith('--'))) return UNKNOWN_FLOW
  if (name === 'softwareupdate' && has(flags, '-l', '--list', '--history', '--list-full-installers')) return UNKNOWN_FLOW
  if (/^(nix-env)$/.test(name) && words.some((word) => /^(-q|--query)/.test(word))) return UNKNOWN_FLOW
  if (/^(download|source|fetch)$/.test(verb)) shell.does('fs.write', 'project', { target })
  else if (/^(remove|purge|autoremove|erase|uninstall|rm|del|-R\w*|delete)$/.test(verb || words[0] || '') && packages.some((one) => ESSENTIAL.test(one))) shell.does('install', 'vital', { target, note: 'removes what the system needs to run' })
  else shell.does('install', 'system', { target, note: stdin.isDownloaded ? 'installs what was downloaded' : undefined })
  return UNKNOWN_FLOW
}
