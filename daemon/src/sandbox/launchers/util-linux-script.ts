/** The shell scripts of the util-linux rung. Descriptor 3 is the daemon: answers go up, and its end is the end of the run. */

/** pid 1 inside, and makes sure of it: -1 means everybody. A word on descriptor 3 asks all to end. Arguments: layer folder, off|doors|on, then the words that give up rights and become the command. */
export const SETUP = `
fail() { echo "failed $1 0 \${2%%
*}" >&3; exit 125; }
# A folder that would only have been silenced may have gone meanwhile.
gone() {
  printf '%s\\n' "$1" | while IFS= read -r line; do
    case $line in '' | *dmesg*) continue ;; *': mount point does not exist.') ;; *) exit 1 ;; esac
    line=\${line#mount: } found=
    while IFS= read -r one; do if [ "$one" = "\${line%: mount point does not exist.}" ]; then found=1; fi; done <stage/silent
    [ -n "$found" ] || exit 1
  done
}
# Below, -1 means everybody: outside of a pid namespace of our own that would be the whole machine.
[ "$$" = 1 ] || fail pid-namespace "not pid 1"
[ $$ = 1 ] || fail pid-namespace "not in one of its own"
if [ -n "$BASH_VERSION" ]; then for fd in /proc/self/fd/*; do if [ "\${fd##*/}" -gt 3 ]; then eval "exec \${fd##*/}>&-"; fi; done; fi
if [ "$2" != on ]; then
  ip link set lo up || ifconfig lo up || perl -e '$up = pack "a16 s x22", "lo", 0x41; exit !(socket(S, 2, 2, 0) && ioctl(S, 0x8914, $up))' || lo=down
fi </dev/null >/dev/null 2>&1
if [ "$2" = doors ]; then
  [ -z "$lo" ] || fail doors "nothing here can bring up lo: apt-get install iproute2"
  # Their maker may be a user without capabilities, and one of them may be port 80.
  (echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start) 2>/dev/null || :
  echo doors >&3
  # Nothing goes on until they stand; the daemon that goes, or wants an end, never says so.
  read -r word <&3 && [ "$word" = open ] || exit 125
fi
(while read -r word <&3; do kill -TERM -1; done; kill -KILL -1) </dev/null >/dev/null 2>&1 &
cd "$1" || fail stage "no layer folder"
if [ -d work/work/incompat ]; then rm -rf work/work/incompat; fi
mount -a -T stage/fstab-silent </dev/null >/dev/null 2>&1
said=$(mount -a -T stage/fstab 2>&1 </dev/null) || gone "$said" || fail mounts "$said"
cd stage/root || fail root "no new root"
said=$(pivot_root . run/lock 2>&1 && umount -l /run/lock 2>&1) || fail root "$said"
cd /
# One byte: neither a core file in the layer nor a crash handler on the host, which ignores zero.
prlimit --pid $$ --core=1:1 2>/dev/null || ulimit -c 0
shift 2
# The daemon may have gone while this was built, and with it the watch below descriptor 3.
kill -0 $! 2>/dev/null || exit 125
"$@"
exit $?
`

/** The command's side, without rights. Arguments: umask, directory, PATH, program, then what to execute for it. */
export const ENTER = `
umask "$1"
cd "$2" 2>/dev/null || { echo "failed chdir 2 No such file or directory" >&3; exit 125; }
case $4 in
*/*) found=$4 ;;
*) found=$(PATH=$3; command -v -- "$4") || found= ;;
esac
case $found in
*/*) [ -e "$found" ] || found=
     [ -z "$found" ] || { [ -x "$found" ] && [ ! -d "$found" ]; } || { echo "notfound 13 Permission denied" >&3; exit 126; } ;;
esac
[ -n "$found" ] || { echo "notfound 2 No such file or directory" >&3; exit 127; }
echo "started $$" >&3
shift 4
exec "$@" 3>&-
`
