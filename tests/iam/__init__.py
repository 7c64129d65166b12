"""Every call that scaler makes of AWS, held against the policies that it asks for."""
