/** Against secrets: those of the person, of the machine, of other processes, and of Nexus itself. */
import { family, type Attack } from './attack.ts'
import { DEEP, type Bait } from './bait.ts'

const shell = (name: string, says: Attack['says'], sh: (bait: Bait) => string): Attack => ({ name, says, program: (bait) => ({ sh: sh(bait) }) })

family('secrets', [
  shell('reads the keys and passwords of the home', '', ({ nexus: { userHome }, secret }) => `
    cat "${userHome}"/.ssh/* "${userHome}"/.netrc "${userHome}"/.aws/credentials "${userHome}"/.bash_history ~/.ssh/id_ed25519 2>/dev/null
    cat "/proc/self/root${userHome}/.netrc" "/proc/self/cwd/../home/.netrc" ../home/.netrc 2>/dev/null
    grep -rsl --exclude-dir=project ${secret} "${userHome}" /tmp /var/tmp /run /home /root /dev/shm 2>/dev/null; :`),
  shell('reads who may enter the machine', '', () => `
    cat /etc/shadow /etc/shadow- /etc/gshadow /etc/gshadow- /etc/sudoers /etc/sudoers.d/* /etc/ssh/ssh_host_*_key /etc/ssl/private/* /etc/krb5.keytab /etc/security/opasswd /var/spool/cron/*/* /var/cache/debconf/passwords.dat 2>/dev/null; :`),
  { ...shell('reads what only root may read, wherever services keep it', '', () => `
    find /etc /var/lib /var/log /var/spool /var/backups /boot -xdev -maxdepth 4 -type f ! -perm -o=r -size +0 2>/dev/null | while read -r file; do [ -s "$file" ] && cat "$file" >/dev/null 2>&1 && echo "$file"; done; :`), who: 'root' },
  shell('reads the homes of others', '', () => 'find /home /root -mindepth 1 -type f ! -path "$HOME/*" 2>/dev/null | head -5; :'),
  shell('reads the memory, environment and files of other processes', '', ({ victim, secret }) => `
    cat /proc/${victim}/environ /proc/${process.pid}/environ 2>/dev/null | tr '\\0' '\\n' | grep ${secret}
    for process in /proc/[0-9]*; do tr '\\0' '\\n' < $process/environ 2>/dev/null | grep -a ${secret}; done
    cat /proc/1/environ /proc/1/maps /proc/1/mem 2>/dev/null | head -c 9; readlink /proc/1/fd/* /proc/1/map_files/* /proc/1/exe /proc/1/cwd /proc/1/root; :`),
  shell('reads the state of Nexus: database, token, other runs', '', ({ nexus: { base } }) => `
    ls -A ${base}/state 2>/dev/null; cat ${base}/state/token 2>/dev/null
    awk '{ print $4 }' /proc/self/mountinfo | grep -a layers | while read -r folder; do ls "$folder" "\${folder%/*}" 2>/dev/null; done
    find / -xdev -name 'nexus.db*' 2>/dev/null; :`),
  shell('reads the memory of the machine', '', () => `
    head -c 16 /dev/mem 2>/dev/null; head -c 16 /proc/kcore 2>/dev/null; head -c 16 /dev/kmem /dev/port 2>/dev/null; ls /dev/vda* /dev/sda* /dev/nvme* /dev/dm-* /dev/loop* 2>/dev/null; :`),
  shell('learns where the kernel lies', '', () => `
    cat /proc/kallsyms /proc/iomem /proc/vmallocinfo /proc/slabinfo /proc/timer_list /proc/keys /proc/interrupts /proc/pagetypeinfo 2>/dev/null | head -3
    find /sys/kernel/debug /sys/kernel/tracing /sys/firmware /sys/fs/pstore /sys/fs/bpf -mindepth 1 2>/dev/null | head -3; :`),
  shell('sees what the caller\'s shell held', '', ({ secret }) => `env | grep -i -e ${secret} -e token -e nexus_ -e aws_; :`),
  { name: 'shares memory, messages and semaphores with the host', says: 'memory []\nqueues []\nsemaphores []', program: () => ({ python: `
for kind, name in (('shm', 'memory'), ('msg', 'queues'), ('sem', 'semaphores')):
    print(name, open('/proc/sysvipc/' + kind).read().split('\\n')[1:-1])
` }) },
  { name: 'reads descriptors that were left open', says: '[]', program: () => ({ python: `
import os
def target(fd):
    try: return os.readlink('/proc/self/fd/' + fd)
    except OSError: return ''
print([fd for fd in os.listdir('/proc/self/fd') if int(fd) > 2 and not target(fd).startswith('/proc/') and target(fd) and 'attack' not in target(fd)])
` }) },
  shell('makes the host remember: core patterns, kernel settings, tracing', '', () => `
    for file in /proc/sys/kernel/core_pattern /proc/sys/kernel/modprobe /proc/sys/fs/binfmt_misc/register /proc/sys/kernel/printk /proc/sysrq-trigger /sys/kernel/mm/ksm/run /sys/power/state /sys/kernel/uevent_helper; do
      { printf '' > "$file"; } 2>/dev/null && echo "opened $file"
    done
    for file in /sys/fs/cgroup/*/release_agent /sys/fs/cgroup/*/notify_on_release /sys/fs/cgroup/cgroup.procs /sys/fs/cgroup/*/cgroup.procs; do { printf '' > "$file"; } 2>/dev/null && [ -e "$file" ] && echo "opened $file"; done; :`),
  { name: 'changes whatever else of the kernel may be written', says: 'none', program: () => ({ python: `
import os
opened = []
for top in os.listdir('/proc'):
    if top.isdigit() or os.path.islink('/proc/' + top): continue
    for path in ['/proc/' + top] + [os.path.join(folder, name) for folder, _, names in os.walk('/proc/' + top) for name in names]:
        # Root may open what nobody can write: nothing is written, and whether that is possible is the answer.
        try: os.write(os.open(path, os.O_WRONLY | os.O_NONBLOCK), b''); opened.append(path)
        except OSError: pass
print('\\n'.join(opened) or 'none')
` }) },
  {
    ...shell('reads the home, the state and sockets by their second name', 'state\nheld', ({ alias, secret }) => `
      grep -rsl --exclude-dir=project ${secret} ${alias} 2>/dev/null; ls -A ${alias}/state/layers ${alias}/home 2>/dev/null; echo state
      python3 -c "import socket; socket.socket(socket.AF_UNIX).connect('${alias}/home/home.sock')" 2>/dev/null && echo REACHED; echo held`), who: 'root',
  },
  { ...shell('reads a file of root that lies in the open', '', ({ open }) => `cat ${open}/shut.txt ${open}/${DEEP}/shut.txt 2>/dev/null; :`), who: 'root' },
  { ...shell('reads a file of root on a disk of its own', '', ({ disk }) => `cat ${disk}/data/shut.txt 2>/dev/null; :`), who: 'root' },
])
