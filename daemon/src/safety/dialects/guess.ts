/** Which shell a line is written for, where nobody says. */

const CMDLET = /(^|[;|{(]\s*|&&\s*)(Get|Set|New|Remove|Add|Clear|Start|Stop|Restart|Invoke|Import|Export|Copy|Move|Rename|Write|Read|Test|Select|Where|ForEach|Sort|Out|ConvertTo|ConvertFrom|Enable|Disable|Install|Uninstall|Register|Unregister|Update|Expand|Compress|Format|Measure|Join|Split|Resolve|Suspend|Resume|Wait|Connect|Disconnect|Grant|Revoke|Publish|Find|Save|Initialize|Mount|Dismount|Reset|Repair|Send|Receive|Unblock|Block|Show|Hide|Trace|Push|Pop|Enter|Exit|Debug|Use|Tee|Limit|Backup|Restore|Optimize|Resize|Convert)-[A-Z][A-Za-z]+/
const POWERSHELL = /^\s*\$[A-Za-z_][\w:]*\s*=\s|\$env:\w+|^\s*(iex|iwr|irm)\s|^\s*(ri|gci|sls|gc|ni|spps|saps|gps|icm|sp|ac|clc)\s+(-[A-Z]|\$|['"]|env:|[A-Z]:)|\|\s*(iex|%|\?)\s*(\{|$)|\[(System|Convert|Text|IO|Net)\.[\w.]+\]::|\b-(ErrorAction|ExecutionPolicy)\b/i
const CMD = /%(USERPROFILE|TEMP|TMP|SystemRoot|WINDIR|APPDATA|LOCALAPPDATA|PROGRAMFILES(\(x86\))?|PATH|COMSPEC|SYSTEMDRIVE|HOMEDRIVE|HOMEPATH|USERNAME|COMPUTERNAME|ALLUSERSPROFILE|PUBLIC|PROGRAMDATA|ERRORLEVEL)%|^\s*(@echo (off|on)|del|erase|rd|rmdir|copy|xcopy|robocopy|move|ren|type|dir|reg|sc|net|format|attrib|icacls|takeown|vssadmin|wevtutil|bcdedit|diskpart|schtasks|taskkill|tasklist|wmic|cipher|cls|ver|vol)(\.exe)?\s+.*(\/[a-zA-Z?]\b|[A-Za-z]:|\\)|\bfor\s+\/[fdlr]\b/i

export function looksLikePowerShell(command: string): boolean {
  return CMDLET.test(command) || (POWERSHELL.test(command) && !/^\s*(export|#!\/bin)/.test(command))
}

export function looksLikeCmd(command: string): boolean {
  // What only other shells have speaks against it.
  // A script of several lines says so at its beginning.
  return CMD.test(command) && (!command.trim().includes('\n') || /^\s*(@|rem\b|::|setlocal\b)/i.test(command)) && !/\$[({\w]|<\(|`/.test(command)
}
