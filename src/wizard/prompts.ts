// A module of its own, imported lazily: a bundler keeps of the package only what is named here. The rest of it, an
// editor with the character tables it needs, is nine times as big.
export { checkbox, input, password, select } from '@inquirer/prompts';
