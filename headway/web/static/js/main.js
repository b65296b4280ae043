// The one script that a page links. Everything else hangs on data-behaviour attributes.
import { start } from "./behaviours.js";

start();
