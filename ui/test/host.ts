/** What Airflow gives to the pages: React among the globals. */
import * as React from "react";

Object.assign(globalThis, { React });
