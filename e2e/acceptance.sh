#!/bin/sh
# The acceptance script of the command line: plain sh, no product code, runnable by anybody:
#   sh e2e/acceptance.sh [path/to/nexus]
# Works in fresh temporary folders with a daemon of its own; prints TAP-like lines; exit 1 when one is not ok.
here=$(cd "$(dirname "$0")/.." && pwd)
nexus=${1:-$here/nexus}
case $nexus in /*) ;; *) nexus=$PWD/$nexus ;; esac
base=$(mktemp -d "${TMPDIR:-/tmp}/nexus-acceptance.XXXXXX") || exit 125
export NEXUS_HOME="$base/state" NEXUS_PORT=off
export HOME="$base/home"
unset XDG_STATE_HOME XDG_CONFIG_HOME XDG_RUNTIME_DIR NO_COLOR
mkdir -p "$base/state" "$HOME" "$base/project" "$base/other"
trap '"$nexus" daemon stop >/dev/null 2>&1; chmod -R u+rwx "$base" 2>/dev/null; rm -rf "$base"' EXIT
trap 'exit 130' INT TERM

number=0
failed=0
skipped=0
# A check that this machine cannot make is skipped, with the reason.
skip() { number=$((number + 1)); skipped=$((skipped + 1)); echo "ok $number - $1 # SKIP $2"; }
ok() { number=$((number + 1)); echo "ok $number - $1"; }
not_ok() { number=$((number + 1)); failed=$((failed + 1)); echo "not ok $number - $1"; shift; for line in "$@"; do printf "#   %s\n" "$line"; done; }

# try CODE WHAT COMMAND…: runs with stdout in $out and stderr in $err, expects the exit code.
try() {
  want=$1 what=$2
  shift 2
  out=$base/out err=$base/err
  "$@" >"$out" 2>"$err" </dev/null
  code=$?
  if [ "$code" = "$want" ]; then ok "$what"; else not_ok "$what" "exit $code, wanted $want" "stdout: $(head -c 400 "$out")" "stderr: $(head -c 400 "$err")"; fi
}
# has TEXT WHAT: the last stdout holds the text.  says TEXT WHAT: the last stderr.
has() { if grep -qF -- "$1" "$out"; then ok "$2"; else not_ok "$2" "no \"$1\" in: $(head -c 600 "$out")"; fi; }
hasnt() { if grep -qF -- "$1" "$out"; then not_ok "$2" "\"$1\" is in: $(head -c 600 "$out")"; else ok "$2"; fi; }
says() { if grep -qF -- "$1" "$err"; then ok "$2"; else not_ok "$2" "no \"$1\" in: $(head -c 600 "$err")"; fi; }
is() { if [ "$1" = "$2" ]; then ok "$3"; else not_ok "$3" "got: $1" "wanted: $2"; fi; }
# is_json WHAT: the last stdout is one line of valid JSON, as far as somebody here can read JSON.
reader=
for candidate in node python3 jq; do
  if [ -z "$reader" ] && command -v "$candidate" >/dev/null 2>&1; then reader=$candidate; fi
done
is_json() {
  case $reader in
    node) node -e 'JSON.parse(require("fs").readFileSync(0, "utf8"))' <"$out" ;;
    python3) python3 -c 'import json, sys; json.load(sys.stdin)' <"$out" ;;
    jq) jq -e . <"$out" >/dev/null ;;
    *) skip "$1" 'needs node, python3 or jq'; return ;;
  esac 2>"$base/reader"
  code=$?
  if [ "$code" = 0 ] && [ "$(wc -l <"$out" | tr -d ' ')" = 1 ]; then ok "$1"; else not_ok "$1" "$(head -c 400 "$out")" "$(tail -n 1 "$base/reader")"; fi
}
# The first run id in the last stdout.
id() { grep -o '"id":"r[a-z2-7]*"' "$out" | head -n 1 | cut -d'"' -f4; }
# What the project looks like from outside; any change shows.
look() { (cd "$base/project" && find . -exec ls -ldn --time-style=full-iso {} + 2>/dev/null | sort; find . -type f -exec cksum {} + | sort); }

cd "$base/project" || exit 125
mkdir .git docs src
printf 'one\n' >docs/a.md
printf 'two\n' >src/b.c
before=$(look)

# --- run, as a string and as argv; nothing happens to the host
try 0 'a shell line runs' "$nexus" run 'rm -rf docs && date > hello.txt'
says 'hello.txt' 'the summary names the added file'
says 'docs/a.md' 'the summary names the deleted file'
says 'next:' 'the summary says what to do next'
is "$(look)" "$before" 'the host is untouched'
try 0 'an argv runs without a shell' "$nexus" run -- printf '%s|' 'a b' '$HOME' '*'
is "$(cat "$out")" 'a b|$HOME|*|' 'its words arrive as they were'
try 0 'one single word after -- is a shell line too' "$nexus" run -- 'echo $((6 * 7))'
is "$(cat "$out")" '42' 'a shell read it'
try 0 'options of the command are its own' "$nexus" run ls -d --color=never src
is "$(cat "$out")" 'src' 'ls saw its options'
try 0 'stdout and stderr stay apart' "$nexus" run --json 'echo out; echo err >&2'
has '"stdout":"out\n"' 'stdout in the record'
has '"stderr":"err\n"' 'stderr in the record'
printf 'a\nb\nc\n' | "$nexus" run wc -l >"$base/out" 2>/dev/null
is "$(tr -d ' ' <"$base/out")" '3' 'standard input is forwarded'
head -c 3000000 /dev/zero | "$nexus" run wc -c >"$base/out" 2>/dev/null
is "$(tr -d ' ' <"$base/out")" '3000000' 'three megabytes of it'
"$nexus" run 'head -c 3000000 /dev/zero' 2>/dev/null | wc -c | tr -d ' ' >"$base/out"
is "$(cat "$base/out")" '3000000' 'three megabytes of output arrive whole'

# --- exit codes
try 7 'the command'\''s own exit code' "$nexus" run 'exit 7'
try 139 '128 + n on a signal' "$nexus" run 'kill -SEGV $$'
try 143 'also when the command is a child of the shell' "$nexus" run -- sh -c 'kill -TERM $$'
try 0 'without input the command reads nothing' "$nexus" run cat
try 127 'a command that is not there' "$nexus" run -- no-such-command-here
try 126 'a file that is no program' "$nexus" run -- ./docs/a.md
try 124 'a time limit' "$nexus" run --timeout 300ms 'sleep 30'
try 124 'as JSON, too' "$nexus" run --json --timeout 300ms 'echo 1 > late; sleep 30'
has '"status":"failed"' 'it failed'
has '"endReason":"timed-out"' 'and says why'
try 126 'what did not end by itself cannot be applied' "$nexus" apply "$(id)"
if command -v timeout >/dev/null 2>&1; then
  try 130 'Ctrl-C' timeout --preserve-status -s INT 2 "$nexus" run 'echo 1 > interrupted; sleep 30'
  [ ! -e interrupted ] && ok 'applies nothing' || not_ok 'applies nothing'
else
  skip 'Ctrl-C' 'needs timeout'
fi
try 2 'no command' "$nexus" run
try 2 'an unknown option' "$nexus" run --frobnicate true
try 2 'an unknown command' "$nexus" frobnicate
try 2 'a host that is none' "$nexus" run --net http://a.example/ true
try 2 'a bad duration' "$nexus" run --timeout soon true
try 2 'wishes that exclude each other' "$nexus" run --apply --discard true
for later in '--backend docker'; do
  # shellcheck disable=SC2086
  try 125 "$later is for later" "$nexus" run $later -- true
  says 'not available yet' "$later says so"
done
(cd "$HOME" && "$nexus" run true >"$base/out" 2>"$base/err" </dev/null); is $? 126 'the home directory is no project'
try 126 'neither is /' "$nexus" run --project / --cwd / true
try 127 'a directory that is not there' "$nexus" run --cwd "$base/nowhere" true
try 2 'a directory outside of the project' "$nexus" run --project "$base/project" --cwd "$base/other" true
try 127 'an unknown run' "$nexus" show rzzzzzzzzzzzz
try 2 'a prefix that is too short' "$nexus" show rz
try 2 'a shell without a terminal' "$nexus" shell last
try 127 'a directory that --project names is not there' "$nexus" run --project "$base/nowhere" true
# --- runs on runs
try 0 'a run to stand upon' "$nexus" run --json --keep 'echo ground > ground; echo gone > gone'
ground=$(id)
try 0 'a run on it sees what it left' "$nexus" run --json --keep --on "$ground" 'cat ground; rm gone; echo above > above'
has '"stdout":"ground\n"' 'its files'
above=$(id)
try 126 'it is not applied before the one below' "$nexus" apply "$above"
says '--with-parents' 'and it says what would do it'
try 0 'the tree' "$nexus" layers "$above"
has "└ $above" 'one stands on the other'
try 0 'against the host' "$nexus" diff "$above" --against host --stat
has 'ground' 'both are there'
try 126 'the lower one is not thrown away under it' "$nexus" discard "$ground"
try 0 'both as one' "$nexus" apply "$above" --with-parents
[ -e ground ] && [ -e above ] && [ ! -e gone ] && ok 'the host has what the second left' || not_ok 'the host has what the second left'
try 126 'the lower one alone is not taken back' "$nexus" rollback "$ground"
try 0 'both are' "$nexus" rollback "$above"
[ ! -e ground ] && ok 'the host is as before' || not_ok 'the host is as before'
try 0 'the tree goes as a whole' "$nexus" discard "$ground" --cascade

try 0 'help' "$nexus" help
try 0 'help of a command' "$nexus" run --help
has '--apply' 'it lists the options'
try 0 'the version' "$nexus" --version

# --- JSON shapes
try 0 'run --json' "$nexus" run --json 'echo x > new.txt'
run=$(id)
is_json 'it is one line of JSON'
for member in '"run":{' '"project":' '"command":["echo x > new.txt"]' '"cwd":' '"status":"kept"' '"verdict":{"level":"caution"' '"strength":' '"backend":"overlay"' '"exitCode":0' '"signal":null' \
  '"startedAt":' '"durationMs":' '"truncated":' '"usage":' '"changes":[{"path":"new.txt","kind":"added"' '"digest":"' '"outside":[' '"denials":[' '"flags":['; do
  has "$member" "run --json has $member"
done
try 126 'a run that waits for nobody cannot be approved' "$nexus" approve "$run"
try 0 'its output as it was' "$nexus" show --output last
try 0 'show by prefix' "$nexus" show --json "$(echo "$run" | cut -c1-8)"
has "\"id\":\"$run\"" 'it is the same run'
try 127 'a run of no agent has no transcript' "$nexus" transcript last
try 0 'show last' "$nexus" show --json last
has "\"id\":\"$run\"" 'last is the newest'
try 0 'runs --json' "$nexus" runs --json --limit 2
has '"runs":[{' 'it lists runs'
has '"next":"r' 'and says where the next page begins'
hasnt '"stdout"' 'without output'
is_json 'it is one line of JSON'
try 0 'diff --json' "$nexus" diff --json "$run"
is_json 'it is one line of JSON'
has '"patch":"diff --git a/new.txt b/new.txt' 'it has a patch'
try 127 'an error as JSON' "$nexus" show --json rzzzzzzzzzzzz
has '{"error":{"code":"no-run","message":"' 'its code and message'
has '"next":"' 'and what to do next'
try 2 'a usage error as JSON' "$nexus" show --json
has '{"error":{"code":"usage"' 'on stdout too'

try 127 'a diff of a path that the run did not change' "$nexus" diff "$run" src/b.c

# --- names that are no names: a dash in front, a space, a newline, bytes that are no text
try 0 'odd names' "$nexus" run --keep --json 'echo 1 > ./-dash; echo 2 > "a b"; echo 3 > "$(printf "new\nline")"; echo 4 > "$(printf "byte\377")"'
odd=$(id)
has '"path":"-dash"' 'a dash in front'
has '"path":"new\nline"' 'a newline'
has '"path":{"base64":"Ynl0Zf8="}' 'a byte that is no text'
try 0 'a path with a dash is named after --' "$nexus" apply "$odd" -- -dash 'a b'
is "$(cat ./-dash 'a b')" "$(printf '1\n2')" 'both are there'
try 0 'the rest' "$nexus" apply "$odd"
is "$(cat "$(printf 'new\nline')" "$(printf 'byte\377')")" "$(printf '3\n4')" 'they are there, too'
try 0 'all of it back' "$nexus" rollback "$odd"
is "$(look)" "$before" 'the host is as it was in the beginning'

# --- from a directory of the project
cd src || exit 125
try 0 'a run in a subdirectory' "$nexus" run --json 'pwd; echo 1 > here; echo 2 > ../there'
has "$base/project/src\\n" 'begins there'
has '"path":"src/here"' 'the layer covers the whole project'
try 0 'paths are taken from there' "$nexus" apply last here
cd .. || exit 125
[ -e src/here ] && [ ! -e there ] && ok 'only that one is applied' || not_ok 'only that one is applied'
try 0 'back' "$nexus" rollback last
try 0 '--cwd does the same from outside' "$nexus" run --cwd "$base/project/src" pwd
is "$(cat "$out")" "$base/project/src" 'it began there'

# --- decide
try 0 'diff' "$nexus" diff "$run"
has '+x' 'the patch shows the new line'
try 3 'another digest is refused' "$nexus" apply "$run" --digest 0000000000000000000000000000000000000000000000000000000000000000
try 0 'apply' "$nexus" apply --json "$run"
has '"status":"applied"' 'it is applied'
has '"applied":["new.txt"]' 'it names the paths'
is "$(cat new.txt)" 'x' 'the file is on the host'
try 0 'rollback' "$nexus" rollback --json "$run"
has '"status":"rolled-back"' 'it is rolled back'
[ ! -e new.txt ] && ok 'the file is gone again' || not_ok 'the file is gone again'
try 126 'what is rolled back cannot be rolled back' "$nexus" rollback "$run"
try 0 'run --apply' "$nexus" run --apply 'printf 3 > c.txt; printf 4 > d.txt'
is "$(cat c.txt d.txt)" '34' 'it is applied at once'
try 0 'run --discard' "$nexus" run --discard --json 'rm c.txt d.txt'
has '"status":"discarded"' 'it is discarded'
[ -e c.txt ] && ok 'and nothing happened' || not_ok 'and nothing happened'
try 0 'run --keep' "$nexus" run --keep --json 'printf 5 > c.txt; printf 6 > d.txt'
run=$(id)
try 0 'apply one path' "$nexus" apply "$run" c.txt
is "$(cat c.txt d.txt)" '54' 'only that one is on the host'
try 0 'apply the rest' "$nexus" apply "$run"
is "$(cat c.txt d.txt)" '56' 'now both are'
try 0 'and roll both back' "$nexus" rollback "$run"
is "$(cat c.txt d.txt)" '34' 'both are as before'
try 127 'a path that the run did not change' "$nexus" apply "$run" nothing.here
try 0 'discard' "$nexus" discard --json "$run"
has '"status":"discarded"' 'it says so'
try 126 'what is discarded cannot be applied' "$nexus" apply "$run"
try 0 'a run that changes nothing' "$nexus" run --json true
has '"status":"unchanged"' 'is unchanged'

# --- conflict, check, flags
try 0 'a run to collide with' "$nexus" run --keep --json 'printf 7 > c.txt; printf 8 > d.txt'
run=$(id)
printf 'mine' >c.txt
try 3 'a changed host is a conflict' "$nexus" apply --json "$run"
has '"conflicts":[{"path":"c.txt","reason":"changed"' 'it names the path'
is "$(cat c.txt d.txt)" 'mine4' 'nothing was written'
try 0 'the record knows' "$nexus" show --json "$run"
has '"status":"kept"' 'the run is kept'
has '"conflicts":[{"path":"c.txt"' 'with its conflict'
try 0 'the others can be applied' "$nexus" apply "$run" d.txt
is "$(cat c.txt d.txt)" 'mine8' 'and only they are'
try 3 'conflicts: what an apply would meet' "$nexus" conflicts --json "$run"
has '"reason":"changed"' 'with the reason'
is_json 'as JSON'
try 3 'one line that both changed cannot be merged' "$nexus" apply --merge "$run"
try 4 "the run's version can be taken, and is shown first" "$nexus" apply --json --take c.txt "$run"
digest=$(grep -o '"digest":"[0-9a-f]*"' "$out" | head -n 1 | cut -d'"' -f4)
is "$(cat c.txt)" 'mine' 'nothing was written yet'
try 0 'its digest says yes' "$nexus" apply --digest "$digest" "$run"
is "$(cat c.txt)" '7' "the run's is there"
try 0 'and goes' "$nexus" rollback "$run"
is "$(cat c.txt d.txt)" 'mine4' "the host's comes back"
try 0 'the same command on the new base' "$nexus" rerun --apply --json "$run"
has "\"rerunOf\":\"$run\"" 'it names the run before'
is "$(cat c.txt d.txt)" '78' 'and is applied'
printf 'a\nb\nc\nd\ne\n' >lines.txt
try 0 'a run that edits the last line' "$nexus" run --keep --json 'sed -i "s/e/run/" lines.txt'
run=$(id)
printf 'host\nb\nc\nd\ne\n' >lines.txt
try 4 'merges with a host that edited the first' "$nexus" apply --json --merge "$run"
digest=$(grep -o '"digest":"[0-9a-f]*"' "$out" | head -n 1 | cut -d'"' -f4)
try 0 'once it was looked at' "$nexus" apply --digest "$digest" "$run"
is "$(tr '\n' ' ' <lines.txt)" 'host b c d run ' 'both edits are there'
try 0 'a check that passes lets --apply through' "$nexus" run --apply --check 'test "$(cat e.txt)" = 9' 'printf 9 > e.txt'
is "$(cat e.txt)" '9' 'it is applied'
try 5 'a check that fails does not' "$nexus" run --apply --check 'test "$(cat e.txt)" = 9' 'printf 10 > e.txt'
is "$(cat e.txt)" '9' 'nothing was applied'
try 0 'a check leaves nothing behind' "$nexus" run --json --check 'printf 11 > f.txt' 'printf 12 > g.txt'
hasnt '"path":"f.txt"' 'its own files are not in the change set'
try 4 'a flagged path holds --apply back' "$nexus" run --apply 'mkdir -p .git/hooks; echo "#!/bin/sh" > .git/hooks/pre-commit; printf 1 > h.txt'
[ ! -e .git/hooks ] && [ ! -e h.txt ] && ok 'nothing of it is applied' || not_ok 'nothing of it is applied'
says 'runs by itself' 'and the reason is told'
try 1 'a failing command is not applied' "$nexus" run --apply 'printf 2 > i.txt; exit 1'
[ ! -e i.txt ] && ok 'its file is not there' || not_ok 'its file is not there'

# --- the host moves while the command runs
printf 'first' >moving.txt
(sleep 1; printf 'by hand' >moving.txt) &
try 3 '--apply meets a host that moved' "$nexus" run --apply --json 'sleep 2; printf run > moving.txt'
has '"status":"kept"' 'the run is kept'
is "$(cat moving.txt)" 'by hand' 'what was done by hand stays'
wait

# --- inside
try 0 'no network' "$nexus" run --json 'cat /proc/net/dev'
hasnt 'eth' 'only lo'
try 0 'what is left outside is listed' "$nexus" run --json 'echo t > /tmp/left; echo h > ~/left-too'
has '"path":"/tmp/left"' 'in /tmp'
has '/left-too"' 'and at home'
[ ! -e /tmp/left ] && [ ! -e "$HOME/left-too" ] && ok 'not on the host' || not_ok 'not on the host'
try 1 'the state folder is hidden' "$nexus" run "test -e '$NEXUS_HOME/nexus.db'"

# --- the daemon
try 0 'status --json' "$nexus" status --json
has '"running":true' 'it runs'
has '"killed":false' 'the kill switch is off'
try 0 'daemon start, when it runs' "$nexus" daemon start --json
has '"running":true' 'it is the same one'
try 0 'daemon status' "$nexus" daemon status --json
has '"socket":' 'says where it listens'
try 125 'the dashboard needs a port, and this daemon has none' "$nexus" dashboard
says 'NEXUS_PORT' 'it says which setting'
try 0 'explain' "$nexus" explain 'cd src && rm -rf "$UNKNOWN/"'
has 'dangerous' 'an unknown target is dangerous'
try 0 'explain --json' "$nexus" explain --json -- git push --force origin main
is_json 'it is one line of JSON'
has '"level":"critical"' 'a branch that others share is critical'
printf '%s\n' '{"command":"ls -la"}' 'no JSON' '{"command":"rm -rf ~"}' | "$nexus" classify >"$base/classified"
is "$(grep -o '"level":"[a-z]*","effects"\|"code":"bad-line"' "$base/classified" | cut -d'"' -f4 | tr '\n' ' ')" 'safe bad-line critical ' 'classify answers every line, in order'
try 0 'doctor --json' "$nexus" doctor --json
is_json 'it is one line of JSON'
has '"probes":[{' 'it tried the back ends'
"$nexus" run 'sleep 60' >/dev/null 2>&1 </dev/null & sleeper=$!
for _ in 1 2 3 4 5 6 7 8 9 10; do "$nexus" runs --json | grep -q '"status":"running"' && break; sleep 0.2; done
"$nexus" runs --json --limit 1 >"$out"
try 0 'kill of one run' "$nexus" kill --json "$(id)"
has '"endReason":"killed"' 'says that it was killed'
has '"written":[]' 'and that nothing of the host was written since it began'
wait "$sleeper"; is $? 137 'its client learns of it'
try 0 'others may run' "$nexus" run true
"$nexus" run 'sleep 60' >/dev/null 2>&1 </dev/null & sleeper=$!
for _ in 1 2 3 4 5 6 7 8 9 10; do "$nexus" runs --json | grep -q '"status":"running"' && break; sleep 0.2; done
printf 'acceptance-secret\n' | "$nexus" secret set ACCEPTANCE_TOKEN >/dev/null; is $? 0 'a secret is kept, from standard input'
try 2 'never from an argument' "$nexus" secret set ACCEPTANCE_TOKEN acceptance-secret
if "$nexus" run --secret ACCEPTANCE_TOKEN 'echo "$ACCEPTANCE_TOKEN"' >"$out" 2>"$err" </dev/null; then
  is "$(cat "$out")" '[secret: ACCEPTANCE_TOKEN]' 'it is there inside, and not in the output'
else
  skip 'it is there inside, and not in the output' 'needs the native launcher'
fi
"$nexus" run 'echo acceptance-secret' >/dev/null 2>&1 </dev/null; "$nexus" runs --json --limit 1 >"$out"
has '"command":["echo [secret: ACCEPTANCE_TOKEN]"]' 'a command line is stored without it'
try 0 'secret list' "$nexus" secret list --json
has '"name":"ACCEPTANCE_TOKEN"' 'names it'
try 0 'secret remove' "$nexus" secret remove ACCEPTANCE_TOKEN --json
is "$(cat "$out")" '{"secrets":[]}' 'and it is gone'
try 126 'a run with the network of the host needs no published port' "$nexus" run --net on --publish 3000 true
try 2 'what is no port' "$nexus" run --publish http true
try 0 'no port is published' "$nexus" ports --json
is "$(cat "$out")" '{"ports":[]}' 'and that is said'
try 0 'proof' "$nexus" proof --json
proof=$(grep -o '"digest":"[0-9a-f]*"' "$out")
try 0 'kill' "$nexus" kill --json --proof
has '"written":[]' 'nothing of the host was written'
has "$proof" 'and the tree is what it was before, by its digest'
has '"stopped":["r' 'it says what it stopped'
wait "$sleeper"; is $? 137 'the client of that run learns of it'
try 126 'nothing runs now' "$nexus" run true
says 'nexus kill --release' 'and it says how to go on'
try 0 'release' "$nexus" kill --release
if command -v sha256sum >/dev/null 2>&1; then
  is "$("$nexus" proof --list | sha256sum | cut -c1-64)" "$(printf '%s' "$proof" | cut -d'"' -f4)" 'a proof is the sha256 of its list'
else
  skip 'a proof is the sha256 of its list' 'needs sha256sum'
fi
try 0 'runs again' "$nexus" run true
try 0 'events --json' "$nexus" events --json
has '"type":"run.applied"' 'an apply is in the log'
has '"type":"system.killed"' 'the kill is, too'
first=$("$nexus" events --json | head -n 1)
case $first in '{"seq":1,'*) ok 'one event per line, from the first' ;; *) not_ok 'one event per line, from the first' "$first" ;; esac
try 0 'events --after' "$nexus" events --json --after 3
case $(head -n 1 "$out") in '{"seq":4,'*) ok 'begins after the number' ;; *) not_ok 'begins after the number' "$(head -n 1 "$out")" ;; esac
mkdir "$base/verified" && printf '{"scripts":{"build":"mkdir made","test":"test -d made","lint":"exit 3"}}' >"$base/verified/package.json"
try 5 'verify: a linter that fails' "$nexus" verify --project "$base/verified" --json
is_json 'verify answers in JSON'
has '"status":"failed","exitCode":3' 'with the exit code of what failed'
if [ -e "$base/verified/made" ]; then not_ok 'what a build makes stays in its layer'; else ok 'what a build makes stays in its layer'; fi
try 0 'verify --only: the tests find what the build made' "$nexus" verify --project "$base/verified" --only build,test
has 'by its exit code alone' 'output that nobody counted is told as such'
try 0 '--project is read from where one stands' "$nexus" verify --project ../verified --only build
try 127 'nothing to verify' "$nexus" verify
says 'package.json' 'says what is recognised'
try 5 '--check auto: tests that fail hold --apply back' "$nexus" run --project "$base/verified" --cwd "$base/verified" --apply --check auto 'echo 1 > one'
if [ -e "$base/verified/one" ]; then not_ok 'held back'; else ok 'held back'; fi
try 0 'gc --dry-run' "$nexus" gc --dry-run --json
has '"deleted":false' 'only tells'
try 0 'gc' "$nexus" gc --json
try 0 'pin' "$nexus" pin last --json
has '"pinned":true' 'it stays'
try 0 'pin --release' "$nexus" pin last --release --json
has '"expiresAt":' 'it goes when its time is over'
try 0 'daemon restart' "$nexus" daemon restart
try 0 'history survives' "$nexus" runs --json
has '"runs":[{' 'it is still there'
try 0 'daemon logs' "$nexus" daemon logs
try 0 'daemon stop' "$nexus" daemon stop
try 0 'status without a daemon' "$nexus" status --json
has '"running":false' 'does not start one'
try 0 'the next command starts it again' "$nexus" run true

echo "1..$number"
echo "# $((number - failed - skipped)) passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
