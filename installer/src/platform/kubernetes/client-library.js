// In JavaScript, with types of our own beside it: the library's lead to those of every kind of object that there is.
export { ExecAuth } from "@kubernetes/client-node/dist/exec_auth.js";
