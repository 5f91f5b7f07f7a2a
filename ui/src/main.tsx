/** The script that Airflow loads: it leaves one component for each page, under the name that the plugin registers. */
import { HarvestsPage } from "./views/HarvestsPage";
import { TaskTab } from "./views/TaskTab";

Object.assign(globalThis, { Harvest: TaskTab, Harvests: HarvestsPage });
