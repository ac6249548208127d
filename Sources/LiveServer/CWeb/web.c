// Every file of the web client and the two API documents, compiled in with C23's #embed, so that the one binary is
// all there is to deploy. Kept by hand: a new file under Web/ gets an array and an ASSET line (a test compares them
// with the folder). Paths are relative to this file. SwiftPM does not see that these files change: touch this one after
// them.

#include "CWeb.h"

// #embed is C23; this compiler takes it in the default mode as an extension.
#pragma clang diagnostic ignored "-Wc23-extensions"

#define HTML "text/html; charset=utf-8"
#define SCRIPT "text/javascript; charset=utf-8"
#define STYLE "text/css; charset=utf-8"
#define PICTURE "image/svg+xml"
#define TYPES "text/plain; charset=utf-8"
#define DOCUMENT "application/json"

static const unsigned char v1_asyncapi_json[] = {
#embed "../../../Docs/api/asyncapi.json"
};
static const unsigned char v1_openapi_json[] = {
#embed "../../../Docs/api/openapi.json"
};
static const unsigned char icon_svg[] = {
#embed "../Web/icon.svg"
};
static const unsigned char index_html[] = {
#embed "../Web/index.html"
};
static const unsigned char join_html[] = {
#embed "../Web/join.html"
};
static const unsigned char show_html[] = {
#embed "../Web/show.html"
};
static const unsigned char teach_html[] = {
#embed "../Web/teach.html"
};
static const unsigned char app_announcements_js[] = {
#embed "../Web/app/announcements.js"
};
static const unsigned char app_api_js[] = {
#embed "../Web/app/api.js"
};
static const unsigned char app_chart_js[] = {
#embed "../Web/app/chart.js"
};
static const unsigned char app_chat_js[] = {
#embed "../Web/app/chat.js"
};
static const unsigned char app_composer_js[] = {
#embed "../Web/app/composer.js"
};
static const unsigned char app_desk_js[] = {
#embed "../Web/app/desk.js"
};
static const unsigned char app_dialogs_js[] = {
#embed "../Web/app/dialogs.js"
};
static const unsigned char app_dom_js[] = {
#embed "../Web/app/dom.js"
};
static const unsigned char app_hands_js[] = {
#embed "../Web/app/hands.js"
};
static const unsigned char app_i18n_js[] = {
#embed "../Web/app/i18n.js"
};
static const unsigned char app_icons_js[] = {
#embed "../Web/app/icons.js"
};
static const unsigned char app_people_js[] = {
#embed "../Web/app/people.js"
};
static const unsigned char app_polls_js[] = {
#embed "../Web/app/polls.js"
};
static const unsigned char app_questions_js[] = {
#embed "../Web/app/questions.js"
};
static const unsigned char app_record_js[] = {
#embed "../Web/app/record.js"
};
static const unsigned char app_session_js[] = {
#embed "../Web/app/session.js"
};
static const unsigned char app_share_js[] = {
#embed "../Web/app/share.js"
};
static const unsigned char app_shell_js[] = {
#embed "../Web/app/shell.js"
};
static const unsigned char app_texts_js[] = {
#embed "../Web/app/texts.js"
};
static const unsigned char app_theme_js[] = {
#embed "../Web/app/theme.js"
};
static const unsigned char app_toasts_js[] = {
#embed "../Web/app/toasts.js"
};
static const unsigned char app_unsent_js[] = {
#embed "../Web/app/unsent.js"
};
static const unsigned char css_base_css[] = {
#embed "../Web/css/base.css"
};
static const unsigned char css_chart_css[] = {
#embed "../Web/css/chart.css"
};
static const unsigned char css_chat_css[] = {
#embed "../Web/css/chat.css"
};
static const unsigned char css_controls_css[] = {
#embed "../Web/css/controls.css"
};
static const unsigned char css_header_css[] = {
#embed "../Web/css/header.css"
};
static const unsigned char css_home_css[] = {
#embed "../Web/css/home.css"
};
static const unsigned char css_layers_css[] = {
#embed "../Web/css/layers.css"
};
static const unsigned char css_panels_css[] = {
#embed "../Web/css/panels.css"
};
static const unsigned char css_polls_css[] = {
#embed "../Web/css/polls.css"
};
static const unsigned char css_show_css[] = {
#embed "../Web/css/show.css"
};
static const unsigned char css_voices_css[] = {
#embed "../Web/css/voices.css"
};
static const unsigned char pages_index_js[] = {
#embed "../Web/pages/index.js"
};
static const unsigned char pages_join_js[] = {
#embed "../Web/pages/join.js"
};
static const unsigned char pages_show_js[] = {
#embed "../Web/pages/show.js"
};
static const unsigned char pages_teach_js[] = {
#embed "../Web/pages/teach.js"
};
static const unsigned char sdk_ballots_js[] = {
#embed "../Web/sdk/ballots.js"
};
static const unsigned char sdk_link_js[] = {
#embed "../Web/sdk/link.js"
};
static const unsigned char sdk_live_d_ts[] = {
#embed "../Web/sdk/live.d.ts"
};
static const unsigned char sdk_live_js[] = {
#embed "../Web/sdk/live.js"
};
static const unsigned char sdk_memory_js[] = {
#embed "../Web/sdk/memory.js"
};
static const unsigned char sdk_model_js[] = {
#embed "../Web/sdk/model.js"
};
static const unsigned char sdk_outbox_js[] = {
#embed "../Web/sdk/outbox.js"
};
static const unsigned char sdk_page_life_js[] = {
#embed "../Web/sdk/page-life.js"
};
static const unsigned char sdk_pulse_js[] = {
#embed "../Web/sdk/pulse.js"
};
static const unsigned char sdk_renewal_js[] = {
#embed "../Web/sdk/renewal.js"
};
static const unsigned char sdk_sse_parser_js[] = {
#embed "../Web/sdk/sse-parser.js"
};
static const unsigned char sdk_tabs_js[] = {
#embed "../Web/sdk/tabs.js"
};
static const unsigned char sdk_timing_js[] = {
#embed "../Web/sdk/timing.js"
};
static const unsigned char sdk_transports_js[] = {
#embed "../Web/sdk/transports.js"
};

#define ASSET(path, type, name) {path, type, name, sizeof(name)}

static const struct cweb_asset assets[] = {
    ASSET("/v1/asyncapi.json", DOCUMENT, v1_asyncapi_json),
    ASSET("/v1/openapi.json", DOCUMENT, v1_openapi_json),
    ASSET("/icon.svg", PICTURE, icon_svg),
    ASSET("/index.html", HTML, index_html),
    ASSET("/join.html", HTML, join_html),
    ASSET("/show.html", HTML, show_html),
    ASSET("/teach.html", HTML, teach_html),
    ASSET("/app/announcements.js", SCRIPT, app_announcements_js),
    ASSET("/app/api.js", SCRIPT, app_api_js),
    ASSET("/app/chart.js", SCRIPT, app_chart_js),
    ASSET("/app/chat.js", SCRIPT, app_chat_js),
    ASSET("/app/composer.js", SCRIPT, app_composer_js),
    ASSET("/app/desk.js", SCRIPT, app_desk_js),
    ASSET("/app/dialogs.js", SCRIPT, app_dialogs_js),
    ASSET("/app/dom.js", SCRIPT, app_dom_js),
    ASSET("/app/hands.js", SCRIPT, app_hands_js),
    ASSET("/app/i18n.js", SCRIPT, app_i18n_js),
    ASSET("/app/icons.js", SCRIPT, app_icons_js),
    ASSET("/app/people.js", SCRIPT, app_people_js),
    ASSET("/app/polls.js", SCRIPT, app_polls_js),
    ASSET("/app/questions.js", SCRIPT, app_questions_js),
    ASSET("/app/record.js", SCRIPT, app_record_js),
    ASSET("/app/session.js", SCRIPT, app_session_js),
    ASSET("/app/share.js", SCRIPT, app_share_js),
    ASSET("/app/shell.js", SCRIPT, app_shell_js),
    ASSET("/app/texts.js", SCRIPT, app_texts_js),
    ASSET("/app/theme.js", SCRIPT, app_theme_js),
    ASSET("/app/toasts.js", SCRIPT, app_toasts_js),
    ASSET("/app/unsent.js", SCRIPT, app_unsent_js),
    ASSET("/css/base.css", STYLE, css_base_css),
    ASSET("/css/chart.css", STYLE, css_chart_css),
    ASSET("/css/chat.css", STYLE, css_chat_css),
    ASSET("/css/controls.css", STYLE, css_controls_css),
    ASSET("/css/header.css", STYLE, css_header_css),
    ASSET("/css/home.css", STYLE, css_home_css),
    ASSET("/css/layers.css", STYLE, css_layers_css),
    ASSET("/css/panels.css", STYLE, css_panels_css),
    ASSET("/css/polls.css", STYLE, css_polls_css),
    ASSET("/css/show.css", STYLE, css_show_css),
    ASSET("/css/voices.css", STYLE, css_voices_css),
    ASSET("/pages/index.js", SCRIPT, pages_index_js),
    ASSET("/pages/join.js", SCRIPT, pages_join_js),
    ASSET("/pages/show.js", SCRIPT, pages_show_js),
    ASSET("/pages/teach.js", SCRIPT, pages_teach_js),
    ASSET("/sdk/ballots.js", SCRIPT, sdk_ballots_js),
    ASSET("/sdk/link.js", SCRIPT, sdk_link_js),
    ASSET("/sdk/live.d.ts", TYPES, sdk_live_d_ts),
    ASSET("/sdk/live.js", SCRIPT, sdk_live_js),
    ASSET("/sdk/memory.js", SCRIPT, sdk_memory_js),
    ASSET("/sdk/model.js", SCRIPT, sdk_model_js),
    ASSET("/sdk/outbox.js", SCRIPT, sdk_outbox_js),
    ASSET("/sdk/page-life.js", SCRIPT, sdk_page_life_js),
    ASSET("/sdk/pulse.js", SCRIPT, sdk_pulse_js),
    ASSET("/sdk/renewal.js", SCRIPT, sdk_renewal_js),
    ASSET("/sdk/sse-parser.js", SCRIPT, sdk_sse_parser_js),
    ASSET("/sdk/tabs.js", SCRIPT, sdk_tabs_js),
    ASSET("/sdk/timing.js", SCRIPT, sdk_timing_js),
    ASSET("/sdk/transports.js", SCRIPT, sdk_transports_js),
};

const struct cweb_asset *cweb_assets(size_t *count) {
    *count = sizeof(assets) / sizeof(assets[0]);
    return assets;
}
