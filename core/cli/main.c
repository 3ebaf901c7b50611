/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <glib/gi18n.h>
#include <locale.h>
#include <stdio.h>

#include "cli/dms-build-info.h"
#include "cli/dms-cli-verbs.h"
#include "cli/dms-cli.h"

int
main (int argc, char *argv[])
{
  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, DMS_LOCALE_DIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);

  return dms_cli_run (dms_cli_verbs_get_all (), (const char *const *) argv + (argc > 0 ? 1 : 0), stdin,
                      stdout,
                      stderr);
}
