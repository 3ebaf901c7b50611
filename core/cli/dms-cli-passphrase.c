/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-call.h"

#include <dms.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define MAX_PASSPHRASE 1024

/**
 * dms_cli_passphrase_free:
 * @passphrase: (nullable): what dms_cli_call_read_passphrase() answered
 *
 * Wipes and frees it.
 */
void
dms_cli_passphrase_free (char *passphrase)
{
  sodium_free (passphrase);
}

/* The characters up to the end of the line. FALSE when the terminal gives none, or too many. */
static gboolean
read_line (int terminal, char *buffer)
{
  gsize length = 0;
  gboolean ended = FALSE;

  while (!ended)
    {
      char character;
      gssize got = read (terminal, &character, 1);

      if (got < 0 && errno == EINTR)
        continue;
      if (got <= 0)
        return FALSE;
      ended = character == '\n';
      if (!ended)
        buffer[length++] = character;
      if (length >= MAX_PASSPHRASE)
        return FALSE;
    }
  buffer[length] = '\0';

  return TRUE;
}

static char *
ask (int terminal, const char *prompt)
{
  struct termios shown;
  struct termios hidden;
  char *buffer;
  gboolean done;

  if (tcgetattr (terminal, &shown) != 0)
    return NULL;

  buffer = sodium_malloc (MAX_PASSPHRASE + 1);
  if (buffer == NULL)
    return NULL;

  hidden = shown;
  hidden.c_lflag &= ~(tcflag_t) ECHO;
  hidden.c_lflag |= ICANON | ECHONL;
  tcsetattr (terminal, TCSAFLUSH, &hidden);
  done = write (terminal, prompt, strlen (prompt)) >= 0 && read_line (terminal, buffer);
  tcsetattr (terminal, TCSAFLUSH, &shown);

  if (!done)
    g_clear_pointer (&buffer, dms_cli_passphrase_free);
  return buffer;
}

static char *
from_environment (void)
{
  const char *text = g_getenv ("DMS_PASSPHRASE");
  char *copy;

  if (text == NULL || text[0] == '\0')
    return NULL;

  copy = sodium_malloc (strlen (text) + 1);
  if (copy != NULL)
    strcpy (copy, text);
  return copy;
}

static char *
ask_again (int terminal, char *passphrase, GError **error)
{
  char *repeated;
  gboolean same;

  if (passphrase[0] == '\0')
    {
      g_set_error_literal (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT,
                           _ ("the passphrase must not be empty"));
      dms_cli_passphrase_free (passphrase);
      return NULL;
    }

  repeated = ask (terminal, _ ("The same passphrase again: "));
  same = repeated != NULL && strcmp (passphrase, repeated) == 0;
  g_clear_pointer (&repeated, dms_cli_passphrase_free);
  if (same)
    return passphrase;

  g_set_error_literal (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, _ ("the two passphrases differ"));
  dms_cli_passphrase_free (passphrase);
  return NULL;
}

/**
 * dms_cli_call_read_passphrase:
 * @self: a call
 * @confirm: whether a new key is made, so that it must not be empty and is asked for twice
 * @error: return location for an error
 *
 * Returns: (transfer full) (nullable): the passphrase, in guarded memory
 */
char *
dms_cli_call_read_passphrase (DmsCliCall *self, gboolean confirm, GError **error)
{
  /* Guarded memory needs the library ready. */
  char *passphrase = sodium_init () >= 0 ? from_environment () : NULL;
  int terminal;

  if (passphrase != NULL)
    return passphrase;

  fflush (dms_cli_call_get_out (self));
  terminal = open ("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  if (terminal >= 0)
    {
      passphrase = ask (terminal, _ ("Passphrase: "));
      if (passphrase != NULL && confirm)
        {
          passphrase = ask_again (terminal, passphrase, error);
          close (terminal);
          return passphrase;
        }
      close (terminal);
    }

  if (passphrase == NULL)
    g_set_error_literal (error, DMS_ERROR, DMS_ERROR_UNAVAILABLE,
                         _ ("no passphrase: there is no terminal to ask on; set DMS_PASSPHRASE"));
  return passphrase;
}
