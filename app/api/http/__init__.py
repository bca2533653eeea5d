"""How any request is handled: received, bounded, admitted, done in a thread, answered; and their specification."""
