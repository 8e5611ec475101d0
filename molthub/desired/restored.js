// Runs before init.js where the state is on a file system. AWS Backup restores into /aws-backup-restore_* at the root
// of the new file system: what is in there becomes the state, once, as long as nothing else is there. The mark says
// that it was begun, so that a step that died goes on; directories stay the ones they are, for they are mounted.
{
  const fs = require('node:fs');
  const path = require('node:path');
  const { root, dirs } = JSON.parse(process.env.MOLTHUB_INIT).restored;
  const mark = path.join(root, '.molthub-restoring');
  const listed = (dir) => (fs.existsSync(dir) ? fs.readdirSync(dir) : []);
  try {
    const found = fs.readdirSync(root).filter((name) => name.startsWith('aws-backup-restore_')).sort().pop();
    const empty = dirs.every((dir) => listed(path.join(root, dir)).length === 0);
    if (found !== undefined && (empty || fs.existsSync(mark))) {
      fs.writeFileSync(mark, found);
      for (const dir of dirs) {
        const from = path.join(root, found, dir);
        for (const name of listed(from)) fs.renameSync(path.join(from, name), path.join(root, dir, name));
      }
      fs.rmSync(path.join(root, found), { recursive: true, force: true });
      console.log('molthub-init: the restored state is in place');
    }
    fs.rmSync(mark, { force: true });
  } catch (error) {
    console.error('molthub-init: cannot put the restored state in place: ' + error.message);
    process.exit(1);
  }
}
