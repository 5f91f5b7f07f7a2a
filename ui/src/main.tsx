/** The script that Airflow loads: it leaves one component for each page, under the name that the plugin registers. */
import { HarvestsPage } from "./views/HarvestsPage";
import { HarvestTab } from "./views/TaskTab";

Object.assign(globalThis, { Harvest: HarvestTab, Harvests: HarvestsPage });
