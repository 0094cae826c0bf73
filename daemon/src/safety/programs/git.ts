/** Version control, and the places where it is shared. */
import { gitRun, hiddenCommands } from '../habits/git.ts'
import type { Model } from '../model.ts'

const SAFER: Readonly<Record<string, string>> = {
  'push': 'git push --force-with-lease to a branch of your own', 'reset': 'git stash first, then reset', 'clean': 'git clean -n shows what would go', 'checkout': 'git stash first', 'filter-branch': 'work on a fresh clone: git clone --mirror', 'restore': 'git stash first', 'branch': 'git branch -d refuses what is not merged', 'stash': 'git stash show -p, or git stash branch NAME',
}

export const GIT: readonly Model[] = [
  {
    names: 'git', what: 'keeps versions', values: '-C -c --git-dir --work-tree --namespace --exec-path --config-env', safer: SAFER, run: gitRun, also: hiddenCommands,
    subs: {
      'status|log|diff|show|shortlog|describe|blame|annotate|grep|ls-files|ls-tree|ls-remote|cat-file|rev-parse|rev-list|name-rev|merge-base|for-each-ref|show-ref|show-branch|whatchanged|cherry|count-objects|fsck|verify-commit|verify-tag|var|help|version|check-ignore|check-attr|diff-tree|diff-index|diff-files|range-diff|stripspace|bugreport|reflog show|reflog exists|submodule status|submodule summary|remote -v|remote show|remote get-url|stash list|stash show|worktree list|bisect log|bisect view|notes show|notes list|lfs ls-files|lfs status|lfs env|config list|config get|interpret-trailers|column|get-tar-commit-id|request-pull|difftool|merge-tree|patch-id|sparse-checkout list|bundle verify|bundle list-heads|flow version|lfs logs|diagnose|fmt-merge-msg|tag --list|branch --list|last-modified':
        ['values -n -S -G --author --since --until --format --pretty -L -O --output --date --grep', 'write --output', 'secret if secret # a credential in the history', 'look'],
      'reflog': 'look',
      'format-patch|bundle create|archive': ['values -o --output --format --prefix', 'write -o|--output', 'change if !--stdout'],
      'add|stage|commit|mv|rm --cached|init|stash|stash push|stash save|stash apply|stash pop|stash branch|stash create|stash store|merge|cherry-pick|revert|rebase|pull|fetch|am|apply|switch|worktree add|bisect|bisect start|bisect good|bisect bad|bisect reset|bisect run|notes add|notes append|submodule add|submodule update|submodule init|submodule sync|remote add|remote rename|remote set-url|remote update|remote prune|sparse-checkout set|sparse-checkout init|sparse-checkout add|sparse-checkout disable|commit-tree|write-tree|read-tree|update-index|hash-object|mktag|mktree|pack-refs|repack|gc|maintenance run|maintenance|prune-packed|commit-graph|multi-pack-index|rerere|mergetool|citool|gui|lfs track|lfs untrack|lfs pull|lfs fetch|lfs install|lfs checkout|svn fetch|svn rebase|flow|subtree add|subtree pull|subtree merge|subtree split|checkout-index|unpack-objects|index-pack|fast-import|fast-export|replace|tag -a|worktree repair|worktree move|worktree lock|worktree unlock':
        ['values -m -F -C -c -b -B -c --message --author --date --file -s -X --strategy --onto -x --exec -u', 'stop if --dry-run', 'lose if --discard-changes # throws changes away that are not committed', 'commit'],
      'rm': ['stop if -n|--dry-run', 'commit if --cached', 'delete-tree @ if -r !--cached', 'delete @ if !-r !--cached'],
      'reset': ['values -q', 'lose if --hard|--merge|--keep', 'commit if !--hard'],
      'checkout': ['values -b -B -t --orphan', 'lose if -f|--force|=. # throws changes away that are not committed', 'lose if -- !-b !-B', 'lose if /^(\\.\\/|(src|lib|app|test)\\/|[\\w\\/-]+\\.[a-z]\\w*$|:\\/|\\*)/ !-b !-B', 'lose if --ours|--theirs', 'commit if !-f !=.'],
      'restore': ['values -s --source', 'commit if --staged|-S', 'lose if --worktree|-W', 'lose if !--staged !-S'],
      'clean': ['values -e', 'stop if -n|--dry-run', 'lose if -f|--force|-i|-d|-x # deletes files that no commit has'],
      'stash drop': 'lose', 'stash clear': ['lose # deletes every stash'],
      'branch': ['values -u --set-upstream-to --contains --merged --no-merged --sort --format --points-at', 'lose if -D # deletes a branch whose commits may be nowhere else', 'lose if -d --force|-f', 'commit if -d|-m|-M|-c|-C|--delete|--move|-u|--set-upstream-to|--unset-upstream', 'commit if some !-a !-r !--list !-v !--contains !--merged !--no-merged !-l !--show-current'],
      'tag': ['values -m -F -u --sort --format --contains', 'lose if -d|--delete|-f|--force', 'commit if some !-l !--list !-n !-d !--contains !-v'],
      'worktree remove': ['lose if -f|--force', 'commit if !-f !--force'], 'worktree prune': 'commit',
      'remote remove|remote rm': 'commit', 'remote': 'look',
      'reflog expire|reflog delete': ['stop if -n|--dry-run', 'history if --all|--expire=now|--expire-unreachable=now', 'lose'],
      'prune': ['stop if -n|--dry-run', 'lose'],
      'update-ref': ['history if -d /^refs\\/heads\\/(main|master|trunk|develop)$/', 'lose if -d|--stdin', 'commit'], 'symbolic-ref': ['commit if some'],
      'filter-branch|filter-repo': ['history if !--dry-run !--analyze # rewrites every commit'],
      'submodule deinit|submodule foreach|submodule absorbgitdirs': ['lose if -f|--force', 'run'],
      'send-email|imap-send': ['stop if --dry-run', 'update # sends mail'], 'credential fill|credential-store get|credential-cache get': 'secret', 'credential approve|credential reject|credential-store store': 'config',
      'daemon|instaweb|http-backend': 'listen-wide',
      'lfs push': 'add', 'lfs prune': 'commit', 'svn dcommit|p4 submit': 'update',
      'maintenance start|maintenance register|maintenance unregister|maintenance stop': 'persist',
    },
    examples: {
      'git status': 'safe', 'git -C x log --oneline | head': 'safe', 'git commit -m "rm -rf /"': 'caution', 'git push origin feature/x': 'caution', 'git push': 'caution', 'git push --force origin main': 'critical', 'git push -f origin feature': 'dangerous', 'git push origin main': 'dangerous', 'git push --mirror backup': 'critical', 'git push origin --delete old': 'dangerous', 'git push origin :main': 'critical', 'git push origin +main': 'critical',
      'git push --dry-run --force origin main': 'safe', 'git reset --hard HEAD~3': 'dangerous', 'git reset HEAD a': 'caution', 'git checkout -- .': 'dangerous', 'git checkout -b new': 'caution', 'git checkout main': 'caution', 'git clean -fdx': 'dangerous', 'git clean -n': 'safe', 'git branch -D x': 'dangerous', 'git branch -a': 'safe', 'git branch': 'safe', 'git stash': 'caution', 'git stash clear': 'dangerous', 'git filter-branch --tree-filter "rm -f x" HEAD': 'critical', 'git rebase -i HEAD~3': 'caution',
      'git config user.name': 'safe', 'git config user.name me': 'caution', 'git config --global core.pager less': 'dangerous', "git -c alias.x='!rm -rf /' x": 'critical', 'git reflog expire --expire=now --all': 'critical', 'git clone https://github.com/a/b': 'caution', 'git tag v1': 'caution', 'git tag -l': 'safe', 'git remote -v': 'safe', 'git restore a.ts': 'dangerous', 'git restore --staged a.ts': 'caution', 'git fetch --all': 'caution', 'git rebase --exec "rm -rf ~" main': 'critical', 'git worktree remove -f x': 'dangerous', 'git frobnicate': 'caution', 'git diff --output=x': 'caution', "git config --global alias.x '!rm -rf ~'": 'critical', 'git push --all --force': 'critical', 'git push --tags': 'caution',
    },
  },
  { names: 'git-filter-repo bfg', what: 'rewrites history', rules: ['stop if --dry-run|--analyze', 'history # rewrites every commit'], examples: { 'git-filter-repo --path secrets --invert-paths': 'critical' } },
  { names: 'tig lazygit gitui gitk git-gui onefetch git-quick-stats diff-so-fancy git-cal', what: 'shows a repository', rules: 'look', examples: { tig: 'safe' } },
  { names: 'pre-commit husky lefthook lint-staged overcommit commitlint', what: 'runs checks around commits', grammar: 'verbs', subs: { 'run|try-repo': 'run', 'install|uninstall|autoupdate|init|add|set': 'change', 'validate-config|sample-config': 'look', 'clean|gc': 'change' }, rules: 'run', examples: { 'pre-commit run --all-files': 'caution', 'pre-commit install': 'caution' } },
  {
    names: 'gh glab hub tea', what: 'works with a code host', values: '-R --repo -H --hostname -t --title -b --body -F --body-file -B --base -l --label -a --assignee -m --milestone -L --limit -q --jq --template -s --state --search --json -X --method -f -H --header --input -w --workflow -u --user -o --org -e --env -n --name -d --description -D --dir --tag --notes --visibility -c --comment -r --reviewer --ref', grammar: 'verbs',
    subs: {
      'repo delete': 'destroy-all', 'repo edit': ['security-off if --visibility=public # opens it to everybody', 'update'], 'repo archive|repo rename|repo sync|repo deploy-key add': 'update', 'repo create|repo fork': 'update', 'repo clone|gist clone|pr checkout|mr checkout|release download|run download|extension install|ext install': 'change', 'extension upgrade|extension remove|ext remove': 'config',
      'pr create|mr create': ['add if --draft|-d|--wip', 'update if !--draft !-d !--wip'], 'pr comment|issue comment|pr review|mr note|issue create|pr ready|issue edit|pr edit|label create|issue close|pr close|mr close|issue reopen|issue pin': 'update', 'pr merge|mr merge': ['update'],
      'pr checks|pr diff|pr status|run watch|run view|auth status|browse|status|mr diff': 'look', 'issue delete|release delete|run delete|gist delete|label delete|cache delete|workflow disable|variable delete|release delete-asset': 'destroy',
      'secret set|secret delete|secret remove|variable set|ssh-key add|gpg-key add': 'update', 'auth token': 'secret', 'auth login|auth logout|auth refresh|auth setup-git|config set|alias set|alias delete': 'config', 'workflow run|run rerun|run cancel|release create|release edit|release upload|gist create|gist edit|workflow enable': 'publish',
      'api': ['values -X -f -F -H -q -t --field --raw-field --input --paginate', 'update if =graphql -f~mutation', 'look if =graphql', 'destroy if -X=DELETE|--method=DELETE', 'update if -X~^(POST|PUT|PATCH)$|--method~^(POST|PUT|PATCH)$', 'update if -f|-F|--field|--raw-field|--input !-X !--method', 'look'], 'codespace ssh': 'unknown', 'codespace delete': 'destroy', 'secret list|variable list|variable get': 'look',
    },
    safer: { 'repo delete': 'gh repo archive keeps it' },
    examples: { 'gh pr list': 'safe', 'gh pr create --draft --fill': 'caution', 'gh pr merge 3': 'dangerous', 'gh repo delete a/b --yes': 'critical', 'gh api repos/a/b': 'safe', 'gh api -X DELETE repos/a/b': 'dangerous', 'gh auth token': 'dangerous', 'gh release create v1': 'dangerous', 'gh run view 1 --log': 'safe', 'gh secret set X': 'dangerous' },
  },
  { names: 'hg bzr fossil jj darcs', what: 'keeps versions', values: '-m -r -R -u', subs: { 'status|st|log|diff|cat|annotate|blame|show|heads|summary|incoming|outgoing|branches|files|manifest|timeline|finfo|evolog|root|paths|parents|identify|id|info|ls|tags|bookmarks|grep|verify|config list|op log|workspace list|branch list|bookmark list|git remote list|help|version': 'look', 'push|git push|sync': ['update if -f|--force', 'add'], 'revert|strip|purge|abandon|rollback|undo|uncommit|prune|restore|op restore|op undo|obliterate|histedit': 'lose', 'update|up|checkout|co|goto|switch': ['lose if -C|--clean', 'commit'], 'config': 'config', 'serve': 'listen' }, rules: 'commit', examples: { 'hg status': 'safe', 'hg commit -m x': 'caution', 'hg update --clean': 'dangerous', 'hg purge': 'dangerous' } },
  { names: 'svn cvs p4', what: 'keeps versions', subs: { 'status|st|log|diff|info|list|ls|cat|blame|annotate|show|heads|summary|incoming|outgoing|branches|files|manifest|timeline|finfo|evolog|root|paths|parents|identify|id': 'look', 'update|up|checkout|co|add|merge|switch|clone|pull|rename|move|copy|branch|tag|bookmark|graft|rebase|new|describe|edit|squash|resolve|init|shelve|unshelve|amend|import-hg|git fetch|git clone|bookmark set|sync|mkdir': 'commit', 'commit|ci|push|import|submit|git push': ['update if !-n'], 'revert|strip|purge|abandon|rollback|undo|cleanup|uncommit|prune|restore|op restore': 'lose', 'delete|rm|remove|del': ['delete-tree @ if !--keep-local'] }, rules: 'unknown none', examples: { 'svn status': 'safe', 'svn revert -R .': 'dangerous', 'svn commit -m x': 'dangerous' } },
]
