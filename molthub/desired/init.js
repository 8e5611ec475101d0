// The init step of a Moltbot's task, run by `node -e` as root in the Moltbot's own image before the gateway starts.
// Fargate's volumes are root-owned 0755, so somebody has to hand them to uid 1000. This step sees no secret.
// It writes the config, prepares the state, and lets the Moltbot itself judge the config: a wrong one ends here.
const fs = require('node:fs');
const path = require('node:path');
const { spawnSync } = require('node:child_process');

const { config, dirs, dummies, validate, uid } = JSON.parse(process.env.MOLTHUB_INIT);
delete process.env.MOLTHUB_INIT;

const fail = (message) => {
  console.error('molthub-init: ' + message);
  process.exit(1);
};

const file = process.env.OPENCLAW_CONFIG_PATH;
try {
  for (const dir of dirs) {
    const stat = fs.statSync(dir);
    if (stat.uid === uid && (stat.mode & 0o777) === 0o700) continue;
    fs.chmodSync(dir, 0o700); // before chown: afterwards only its owner may
    fs.chownSync(dir, uid, uid);
  }
  const partial = path.join(path.dirname(file), '.partial');
  fs.rmSync(partial, { force: true });
  fs.writeFileSync(partial, config, { mode: 0o600 });
  fs.chownSync(partial, uid, uid);
  fs.renameSync(partial, file);
} catch (error) {
  fail('cannot prepare the volumes: ' + error.message);
}

const [program, ...args] = validate;
const env = { ...process.env, ...Object.fromEntries(dummies.map((name) => [name, 'molthub-dummy-value'])) };
const judged = spawnSync(program, args, { uid, gid: uid, env, encoding: 'utf8', timeout: 100000 });
if (judged.error) fail('cannot run the config check: ' + judged.error.message);
if (judged.status !== 0) fail('the Moltbot refuses its config: ' + (judged.stdout + judged.stderr).trim());
console.log('molthub-init: the config is valid');
