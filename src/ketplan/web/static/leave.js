// Goes on to the EHR's sign-in at once; without scripts the button does.
document.forms[0].submit();
