/// <reference path="./text-modules.d.ts" />
import { Hono } from "hono";
import plotScript from "uplot/dist/uPlot.iife.min.js";
import plotStyle from "uplot/dist/uPlot.min.css";
import type { AppEnv } from "../app-context.ts";
import actions from "./client/actions.client.js";
import charts from "./client/charts.client.js";
import style from "./client/dashboard.css";
import forms from "./client/forms.client.js";
import icon from "./client/icon.svg";
import live from "./client/live.client.js";

interface Asset {
  mediaType: string;
  text: string;
}

/** What pages load besides themselves, each as one file: the parts of a script share the one scope it makes. */
const ASSETS = {
  "dashboard.css": { mediaType: "text/css; charset=utf-8", text: style },
  "dashboard.js": { mediaType: "text/javascript; charset=utf-8", text: script(actions, forms, live) },
  "charts.css": { mediaType: "text/css; charset=utf-8", text: plotStyle },
  "charts.js": { mediaType: "text/javascript; charset=utf-8", text: script(plotScript, charts) },
  "icon.svg": { mediaType: "image/svg+xml", text: icon },
} as const satisfies Record<string, Asset>;

export type AssetName = keyof typeof ASSETS;

/** Where a page finds an asset. Another text is another path, so a browser may keep what it has for ever. */
export function assetPath(name: AssetName): string {
  return `/assets/${tagOf(name)}/${name}`;
}

/** Public: a page to sign in on needs them, and they say nothing of anybody. */
export function assetRoutes() {
  return new Hono<AppEnv>().get("/assets/:tag/:name", (c, next) => {
    const name = c.req.param("name");
    if (!isAssetName(name)) return next();
    const { mediaType, text } = ASSETS[name];
    const etag = `"${tagOf(name)}"`;
    // A page of another deployment asks for what was: it gets what is, and asks again the next time.
    const isCurrent = c.req.param("tag") === tagOf(name);
    const headers = { ETag: etag, "Cache-Control": isCurrent ? "public, max-age=31536000, immutable" : "no-cache" };
    if (c.req.header("If-None-Match") === etag) return c.body(null, 304, headers);
    return c.body(text, 200, { ...headers, "Content-Type": mediaType });
  });
}

function isAssetName(name: string): name is AssetName {
  return Object.hasOwn(ASSETS, name);
}

function script(...parts: string[]): string {
  return `(() => {\n"use strict";\n${parts.join("\n")}\n})();\n`;
}

const tags = new Map<AssetName, string>();

/** FNV-1a, 32 bits: it tells one text of ours from another, and protects nothing. */
function tagOf(name: AssetName): string {
  const known = tags.get(name);
  if (known !== undefined) return known;
  let hash = 0x811c9dc5;
  for (const character of ASSETS[name].text) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  const tag = (hash >>> 0).toString(16).padStart(8, "0");
  tags.set(name, tag);
  return tag;
}
