/** Everything a page may need; charts come in by themselves where there is one. */
import "./css/main.css";
import "./htmx";
import { start as ago } from "./ago";
import { start as combo } from "./combo";
import { start as dialogs } from "./dialog";
import { start as forms } from "./forms";
import { start as keys } from "./keys";
import { start as live } from "./live";
import { start as palette } from "./palette";
import { start as posting } from "./posting";
import { start as scrolling } from "./scroll";
import { start as theme } from "./theme";
import { start as tips } from "./tip";
import { start as toasts } from "./toast";
import { each } from "./page";

theme();
ago();
tips();
scrolling();
toasts();
forms();
dialogs();
posting();
keys();
palette();
combo();
live();

each("[data-chart]", (figure) => {
  void import("./chart").then(({ draw }) => draw(figure));
});
