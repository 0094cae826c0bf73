/** Files of a machine that say who may enter it. Named one by one: without this a command of root would read them, since
 *  uid 0 owns them and needs no capability for that. What else is not for everybody, `masks.ts` finds. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

const NAMED = [
  '/etc/shadow', '/etc/shadow-', '/etc/gshadow', '/etc/gshadow-', '/etc/sudoers', '/etc/sudoers.d', '/etc/krb5.keytab', '/etc/ssl/private', '/etc/wireguard',
  '/etc/NetworkManager/system-connections', '/var/spool/cron', '/var/lib/docker', '/var/lib/containers', '/var/lib/kubelet', '/var/lib/private',
] as const

export function machineSecrets(): string[] {
  return [...NAMED, ...hostKeys('/etc/ssh')]
}

function hostKeys(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => /^ssh_host_.*_key$/.test(name)).map((name) => join(folder, name))
  } catch {
    return [] // no ssh server here
  }
}
